/* words: what the page says, in the languages it speaks.
 * SPDX-License-Identifier: Apache-2.0
 *
 * One list for both halves of the page: the tables that are made here, and the script, which finds it in the page as
 * JSON. {} stands for what is put in. A language is a column; a missing word does not compile.
 */
#ifndef DASHBOARD_WORDS_H
#define DASHBOARD_WORDS_H

#include "convene/bytes.h"
#include "dashboard/words_codes.h"

#include <jansson.h>

typedef enum { DASH_EN, DASH_RU, DASH_LANGUAGES } dash_language_t;

/* id, English, Russian */
#define DASH_WORD_MAP(XX)                                                                                         \
    XX(skip, "Skip to the content", "К содержанию")                                                               \
    XX(tagline, "The programme as it stands", "Ход программы")                                                    \
    XX(public_view, "Public view: counts only, no names.", "Открытые данные: только числа, без имён.")            \
    XX(calendar, "Calendar feed", "Календарь (iCalendar)")                                                        \
    XX(data, "Data (JSON)", "Данные (JSON)")                                                                      \
    XX(language, "Language", "Язык")                                                                              \
    XX(pages, "Pages and data", "Страницы и данные")                                                              \
    XX(as_of, "As of {}", "По состоянию на {}")                                                                   \
    XX(reload, "This page does not update by itself without JavaScript: reload it.",                              \
       "Без JavaScript страница не обновляется сама: загрузите её заново.")                                       \
    XX(connected, "Live. Data as of {}", "Обновляется. Данные на {}")                                             \
    XX(stale, "Not connected: what is shown is from {} and may be out of date. Trying again.",                    \
       "Нет связи: показано состояние на {}, оно могло устареть. Подключаемся снова.")                            \
    XX(paused, "Paused: what is shown is from {}", "Приостановлено: показано состояние на {}")                    \
    XX(pause, "Pause updates", "Приостановить")                                                                   \
    XX(resume, "Resume updates", "Продолжить")                                                                    \
    XX(not_ready, "The view is being built.", "Данные собираются.")                                               \
    XX(connection, "Connection", "Связь")                                                                         \
    XX(filters, "Filters", "Отбор")                                                                               \
    XX(apply, "Apply", "Применить")                                                                               \
    XX(all, "All", "Все")                                                                                         \
    XX(year, "Year", "Год")                                                                                       \
    XX(now, "Now", "Сейчас")                                                                                      \
    XX(services, "Services answering", "Служб отвечает")                                                          \
    XX(lag, "Records not yet shown", "Записей ещё не показано")                                                   \
    XX(unsent, "Notices waiting to leave", "Извещений ждут отправки")                                             \
    XX(oldest_unsent, "Oldest of them waits since", "Самое старое ждёт с")                                        \
    XX(failed, "Notices given up", "Извещений не доставлено")                                                     \
    XX(dead, "Dead letters", "Не принято получателем")                                                            \
    XX(events_open, "Events open for registration", "Открыта регистрация")                                        \
    XX(silences, "Silence procedures running", "Процедур молчания")                                               \
    XX(newest, "Newest change", "Последнее изменение")                                                            \
    XX(nothing, "None", "Нет")                                                                                    \
    XX(attention, "Needs attention", "Требует внимания")                                                          \
    XX(attention_none, "Nothing needs attention.", "Ничего не требует внимания.")                                 \
    XX(command, "Command", "Команда")                                                                             \
    XX(need_service, "Service: {}", "Служба: {}")                                                                 \
    XX(need_failed, "{party}: {n} notices could not be delivered", "{party}: не доставлено извещений: {n}")       \
    XX(need_dead, "{party}: {n} notices not taken ({about})", "{party}: не принято извещений: {n} ({about})")     \
    XX(need_no_recipient, "{party}: nobody to write to, {n} notices wait",                                        \
       "{party}: некому писать, ждут извещений: {n}")                                                             \
    XX(need_person_stopped, "{party}: no mail goes to persons it registered, {n} notices wait",                   \
       "{party}: письма зарегистрированным лицам остановлены, ждут извещений: {n}")                               \
    XX(need_unseen, "{n} notices with a deadline ahead have reached nobody of their party",                       \
       "Извещений с близким сроком, которых никто из стороны не получил: {n}")                                    \
    XX(need_contact_returned, "{party}: mail to its contact ({about}) comes back",                                \
       "{party}: письма контакту ({about}) возвращаются")                                                         \
    XX(need_contact_complained, "{party}: its contact ({about}) wants no mail",                                   \
       "{party}: контакт ({about}) отказался от писем")                                                           \
    XX(need_contact_unanswered, "{party}: its contact ({about}) did not answer in time",                          \
       "{party}: контакт ({about}) не ответил в срок")                                                            \
    XX(need_full, "{event} is full, {n} persons wait", "{event}: мест нет, ожидают: {n}")                         \
    XX(need_clash, "{party} is registered in two places at once: {event} and {about}",                            \
       "{party}: одновременно в двух местах: {event} и {about}")                                                  \
    XX(need_programme_room_taken, "{event}: {session} and {other} have one room, at once or too close",           \
       "{event}: {session} и {other} в одном зале одновременно или без перерыва")                                 \
    XX(need_programme_room_closed, "{event}: the room of {session} cannot be used then",                          \
       "{event}: зал для {session} в это время недоступен")                                                       \
    XX(need_programme_room_lacks, "{event}: the room of {session} has no {about}",                                \
       "{event}: в зале для {session} нет {about}")                                                               \
    XX(need_programme_person, "{event}: somebody is in {session} and in {other} at once",                         \
       "{event}: один человек одновременно в {session} и в {other}")                                              \
    XX(need_programme_delegation, "{event}: {about} is to be at {n} sessions at once ({session}), covers {have}", \
       "{event}: делегация {about} нужна сразу на {n} заседаниях ({session}), может быть на {have}")              \
    XX(need_programme_booths, "{event}: {session} is in {n} languages, booths in its room: {have}",               \
       "{event}: для {session} нужно кабин перевода: {n}, в зале: {have}")                                        \
    XX(need_programme_break, "{event}: {session} and {other} are at once, and one of them is a break",            \
       "{event}: {session} и {other} одновременно, а одно из них — перерыв")                                      \
    XX(need_programme_plenary, "{event}: {session} and {other} are at once, and one of them is for all",          \
       "{event}: {session} и {other} одновременно, а одно из них для всех")                                       \
    XX(need_programme_opening, "{event}: {session} begins before the opening ({other})",                          \
       "{event}: {session} раньше открытия ({other})")                                                            \
    XX(need_programme_closing, "{event}: {session} ends after the closing ({other})",                             \
       "{event}: {session} позже закрытия ({other})")                                                             \
    XX(need_programme_days, "{event}: {n} sessions are not on the event's days ({session})",                      \
       "{event}: заседаний не в дни мероприятия: {n} ({session})")                                                \
    XX(need_programme_away, "{event}: somebody in {session} is not there yet, or has left",                       \
       "{event}: участник {session} ещё не приехал или уже уехал")                                                \
    XX(need_programme_teams, "{event}: {n} sessions at once need interpreters ({session}), teams: {have}",        \
       "{event}: перевод нужен сразу на {n} заседаниях ({session}), бригад: {have}")                              \
    XX(need_programme_team_day, "{event}: {n} minutes of interpreting on the day of {session}, possible: {have}", \
       "{event}: в день {session} минут перевода: {n}, возможно: {have}")                                         \
    XX(need_programme_pause, "{event}: {session} is when its venue pauses",                                       \
       "{event}: {session} во время перерыва в работе площадки")                                                  \
    XX(need_programme_order, "{event}: of {session} and {other} one has to wait for the other, and does not",     \
       "{event}: из {session} и {other} одно должно начаться после другого, и это не так")                        \
    XX(need_programme_more, "{event}: {n} more conflicts of the programme are not listed",                        \
       "{event}: ещё нестыковок в программе: {n}")                                                                \
    XX(need_releases, " The release publishes all edits of that programme.",                                      \
       " Выпуск публикует все правки этой программы.")                                                            \
    XX(need_programme_rule, "{event}: rule {about} speaks against {session}",                                     \
       "{event}: правило {about} против {session}")                                                               \
    XX(need_silence, "Decision {about}: silence ends in {n} h", "Решение {about}: молчание истекает через {n} ч") \
    XX(need_overdue, "Work is late: {about}", "Просрочено: {about}")                                              \
    XX(need_unreported, "{event} was held more than a month ago and has no report",                               \
       "{event}: прошло больше месяца, отчёта нет")                                                               \
    XX(down, "{} does not answer", "{} не отвечает")                                                              \
    XX(timeline, "The plan", "План")                                                                              \
    XX(timeline_chart, "The year by dimension", "Год по измерениям")                                              \
    XX(today, "Today", "Сегодня")                                                                                 \
    XX(off, "Postponed or cancelled", "Отложено или отменено")                                                    \
    XX(was_here, "Moved from here", "Было здесь")                                                                 \
    XX(event, "Event", "Мероприятие")                                                                             \
    XX(title, "Title", "Название")                                                                                \
    XX(dates, "Dates", "Даты")                                                                                    \
    XX(place, "Place", "Место")                                                                                   \
    XX(dimension, "Dimension", "Измерение")                                                                       \
    XX(proposer, "Proposer", "Инициатор")                                                                         \
    XX(status, "Status", "Состояние")                                                                             \
    XX(not_public, "not public", "нет данных")                                                                    \
    XX(none_dimension, "No dimension", "Без измерения")                                                           \
    XX(moved_from, "moved from {}", "перенесено с {}")                                                            \
    XX(online, "Online", "Онлайн")                                                                                \
    XX(no_events, "No events.", "Мероприятий нет.")                                                               \
    XX(progress, "Plan progress", "Выполнение плана")                                                             \
    XX(by_dimension, "By dimension", "По измерениям")                                                             \
    XX(by_proposer, "By proposer", "По инициаторам")                                                              \
    XX(planned, "Planned", "Запланировано")                                                                       \
    XX(in_registration, "Registration", "Регистрация")                                                            \
    XX(held, "Held", "Проведено")                                                                                 \
    XX(postponed, "Postponed", "Отложено")                                                                        \
    XX(cancelled, "Cancelled", "Отменено")                                                                        \
    XX(total, "Total", "Всего")                                                                                   \
    XX(seats, "Seats", "Места")                                                                                   \
    XX(capacity, "Capacity", "Вмести\u00adмость")                                                                 \
    XX(confirmed, "Confirmed", "Подтверж\u00adдено")                                                              \
    XX(offered, "Offered", "Предло\u00adжено")                                                                    \
    XX(guaranteed, "Kept for parties", "Закреп\u00adлено за участ\u00adниками")                                   \
    XX(free, "Free for all", "Свободно для всех")                                                                 \
    XX(waiting, "Waiting", "В очереди")                                                                           \
    XX(closes, "Closes", "Закрытие")                                                                              \
    XX(fill, "How full", "Заполнение")                                                                            \
    XX(no_seats, "No event takes registrations.", "Регистрация не ведётся.")                                      \
    XX(answers, "Answers by party", "Ответы участников")                                                          \
    XX(answers_help, "Of the events whose registration is open or closed.",                                       \
       "По мероприятиям с открытой или завершённой регистрацией.")                                                \
    XX(party, "Party", "Участник")                                                                                \
    XX(registered, "Registered", "Заявлены")                                                                      \
    XX(declined, "Declined", "Отказались")                                                                        \
    XX(withdrawn, "Withdrawn", "Отозвали")                                                                        \
    XX(silent, "Silent", "Нет ответа")                                                                            \
    XX(no_parties, "No parties.", "Участников нет.")                                                              \
    XX(silence, "Silence procedures", "Процедуры молчания")                                                       \
    XX(decision, "Decision", "Решение")                                                                           \
    XX(ends, "Ends", "Истекает")                                                                                  \
    XX(left, "Time left", "Осталось")                                                                             \
    XX(no_silence, "No silence procedure is running.", "Процедур молчания нет.")                                  \
    XX(work, "Plans of work", "Планы работы")                                                                     \
    XX(item, "Item", "Пункт")                                                                                     \
    XX(owner, "Owner", "Ответственный")                                                                           \
    XX(due, "Due", "Срок")                                                                                        \
    XX(done, "Progress", "Готовность")                                                                            \
    XX(no_work, "No plans of work.", "Планов работы нет.")                                                        \
    XX(feed, "What happened", "Лента")                                                                            \
    XX(feed_none, "Nothing yet.", "Пока ничего.")                                                                 \
    XX(history, "Versions", "Версии")                                                                             \
    XX(version, "Version", "Версия")                                                                              \
    XX(when, "When", "Когда")                                                                                     \
    XX(change, "Change", "Изменение")                                                                             \
    XX(reason, "Reason", "Причина")                                                                               \
    XX(programme, "Programme", "Программа")                                                                       \
    XX(session, "Session", "Заседание")                                                                           \
    XX(room, "Room", "Зал")                                                                                       \
    XX(released, "Released: {}", "Выпущено: {}")                                                                  \
    XX(not_released, "Not released yet: it may change.", "Ещё не выпущена: возможны изменения.")                  \
    XX(plan_changes, "What changed in the released plan", "Что изменилось в выпущенном плане")                    \
    XX(plan_before, "Before", "Было")                                                                             \
    XX(plan_after, "Now", "Стало")                                                                                \
    XX(plan_added, "added", "добавлено")                                                                          \
    XX(plan_removed, "taken out", "исключено")                                                                    \
    XX(plan_same, "Nothing changed.", "Изменений нет.")                                                           \
    XX(plan_unreleased, "not released", "не выпущено")                                                            \
    XX(desk_plan, "The plan as it is worked on", "План в работе")                                                 \
    XX(desk_released, "In the release", "В выпуске")                                                              \
    XX(not_placed, "not placed yet", "время не назначено")                                                        \
    XX(tentative, "tentative", "предварительно")                                                                  \
    XX(k_opening, "opening", "открытие")                                                                          \
    XX(k_plenary, "plenary", "пленарное")                                                                         \
    XX(k_parallel, "parallel", "параллельное")                                                                    \
    XX(k_negotiation, "negotiation", "переговоры")                                                                \
    XX(k_side_event, "side event", "параллельное мероприятие")                                                    \
    XX(k_closing, "closing", "закрытие")                                                                          \
    XX(k_break, "break", "перерыв")                                                                               \
    XX(kind, "Kind", "Вид")                                                                                       \
    XX(no_programme, "No programme is public.", "Программа не опубликована.")                                     \
    XX(back, "All events", "Все мероприятия")                                                                     \
    XX(unknown_event, "There is no event {}.", "Мероприятия {} нет.")                                             \
    XX(st_draft, "draft", "проект")                                                                               \
    XX(st_proposed, "proposed", "предложено")                                                                     \
    XX(st_circulated, "circulated", "разослано")                                                                  \
    XX(st_adopted, "adopted", "принято")                                                                          \
    XX(st_scheduled, "scheduled", "назначено")                                                                    \
    XX(st_open, "open", "идёт регистрация")                                                                       \
    XX(st_closed, "registration closed", "регистрация закрыта")                                                   \
    XX(st_held, "held", "проведено")                                                                              \
    XX(st_reported, "reported", "есть отчёт")                                                                     \
    XX(st_postponed, "postponed", "отложено")                                                                     \
    XX(st_cancelled, "cancelled", "отменено")                                                                     \
    XX(st_rejected, "rejected", "отклонено")                                                                      \
    XX(w_planned, "planned", "запланировано")                                                                     \
    XX(w_under_way, "under way", "выполняется")                                                                   \
    XX(w_done, "done", "выполнено")                                                                               \
    XX(w_dropped, "dropped", "снято")                                                                             \
    XX(f_decided, "{party} at {event}: {word}", "{party}, {event}: {word}")                                       \
    XX(f_promoted, "{party} moves up at {event}", "{party}: место из очереди, {event}")                           \
    XX(f_lapsed, "{party}: an offer for {event} lapsed", "{party}: предложение по {event} истекло")               \
    XX(f_event, "{event}: {word}", "{event}: {word}")                                                             \
    XX(f_decision, "Decision {decision}: {word}", "Решение {decision}: {word}")                                   \
    XX(f_plan, "Plan {plan}: {word}", "План {plan}: {word}")                                                      \
    XX(days, "{} d", "{} д")                                                                                      \
    XX(hours, "{} h", "{} ч")                                                                                     \
    XX(minutes, "{} min", "{} мин")                                                                               \
    XX(over, "over", "истекло")                                                                                   \
    XX(proof, "Hash of what is shown: {}", "Хеш показанного: {}")                                                 \
    XX(desk, "Desk", "Служебная страница")                                                                        \
    XX(desk_as, "Signed in as {}", "Вход выполнен: {}")                                                           \
    XX(desk_until, "until", "до")                                                                                 \
    XX(desk_events, "Events with registration", "Мероприятия с регистрацией")                                     \
    XX(desk_out, "Sign out", "Выйти")                                                                             \
    XX(desk_welcome, "You are signed in.", "Вход выполнен.")                                                      \
    XX(desk_bye, "You are signed out.", "Вы вышли.")                                                              \
    XX(desk_needs, "This page needs a link that the secretariat gives you.",                                      \
       "Для этой страницы нужна ссылка, которую выдаёт секретариат.")                                             \
    XX(desk_over, "Your link has ended. Ask for another one.", "Срок ссылки истёк. Запросите новую.")             \
    XX(desk_enter, "Sign in", "Войти")                                                                            \
    XX(desk_once, "This link signs in once, as {}.", "По этой ссылке можно войти один раз, как {}.")              \
    XX(desk_used, "Used: a link signs in once. Ask for another; if it was not you, tell the secretariat.",        \
       "Ссылка использована. Запросите новую; если это были не вы, сообщите секретариату.")                       \
    XX(desk_here, "Signed in already in this browser? Go on", "Уже вошли в этом браузере? Продолжить")            \
    XX(desk_proxy, "Not from the proxy that this desk believes.", "Запрос не от доверенного прокси-сервера.")     \
    XX(desk_not_yours, "This is not for you to see.", "У вас нет доступа к этим данным.")                         \
    XX(desk_nothing, "There is nothing here.", "Здесь ничего нет.")                                               \
    XX(desk_closed, "The desk is closed.", "Служебная страница закрыта.")                                         \
    XX(desk_recorded, "Personal data. Each look at them is recorded.",                                            \
       "Персональные данные. Каждый просмотр записывается.")                                                      \
    XX(persons, "Persons", "Участники делегации")                                                                 \
    XX(p_number, "Number", "Номер")                                                                               \
    XX(p_name, "Name", "Имя")                                                                                     \
    XX(p_capacity, "Capacity", "Статус")                                                                          \
    XX(p_email, "E-mail", "Эл. почта")                                                                            \
    XX(p_contact, "Contact", "Контакт")                                                                           \
    XX(nominated, "Nominated", "Номинирован")                                                                     \
    XX(under_review, "Under review", "На рассмот\u00adрении")                                                     \
    XX(returned, "Returned", "Возвращено")                                                                        \
    XX(refused, "Refused", "Отказано")                                                                            \
    XX(cap_head, "Head", "Глава")                                                                                 \
    XX(cap_deputy, "Deputy head", "Заместитель главы")                                                            \
    XX(cap_delegate, "Delegate", "Делегат")                                                                       \
    XX(cap_alternate, "Alternate", "Запасной делегат")                                                            \
    XX(cap_adviser, "Adviser", "Советник")                                                                        \
    XX(cap_expert, "Expert", "Эксперт")                                                                           \
    XX(cap_interpreter, "Interpreter", "Переводчик")                                                              \
    XX(cap_security, "Security", "Охрана")                                                                        \
    XX(cap_protocol, "Protocol", "Протокол")                                                                      \
    XX(cap_contestant, "Contestant", "Участник соревнований")                                                     \
    XX(cap_trainee, "Trainee", "Стажёр")                                                                          \
    XX(cap_volunteer, "Volunteer", "Волонтёр")                                                                    \
    XX(cap_media, "Media", "СМИ")                                                                                 \
    XX(cap_exhibitor, "Exhibitor", "Экспонент")                                                                   \
    DASH_WORD_CODES(XX)

typedef enum {
#define XX(id, en, ru) DASH_W_##id,
    DASH_WORD_MAP(XX)
#undef XX
        DASH_WORDS
} dash_word_t;

const char *dash_word(dash_language_t language, dash_word_t word);
/* The word of this id, "st_open"; NULL: none. */
const char *dash_word_of(dash_language_t language, const char *prefix, const char *id);
/* All of them by id. A new reference. */
json_t *dash_words(dash_language_t language);
const char *dash_language_code(dash_language_t language);
/* From "ru" in the query, else from Accept-Language, else English. */
dash_language_t dash_language_of(const char *asked, const char *accept_language);

#endif
