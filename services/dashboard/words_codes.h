/* words_codes: codes of records in words: what happened (v_), and which facts of an event changed (ch_).
 * SPDX-License-Identifier: Apache-2.0
 *
 * Part of the list in words.h. A code that is not here is shown as it is, with spaces: a newer service may say more.
 */
#ifndef DASHBOARD_WORDS_CODES_H
#define DASHBOARD_WORDS_CODES_H

/* id, English, Russian */
#define DASH_WORD_CODES(XX)                                                                                    \
    XX(v_registered, "registered", "места есть у всех")                                                        \
    XX(v_partly_registered, "registered in part", "места есть не у всех")                                      \
    XX(v_waiting, "on the waiting list", "в очереди")                                                          \
    XX(v_withdrawn, "withdrawn", "отозвано")                                                                   \
    XX(v_declined, "declined", "отказ от участия")                                                             \
    XX(v_nominated, "nominated", "номинированы")                                                               \
    XX(v_granted, "exception granted", "сделано исключение")                                                   \
    XX(v_under_review, "under review", "на рассмотрении")                                                      \
    XX(v_returned, "returned for correction", "возвращено на доработку")                                       \
    XX(v_refused, "refused", "отказано")                                                                       \
    XX(v_accepted, "offer accepted", "предложение принято")                                                    \
    XX(v_passed, "offer not taken", "от предложения отказались")                                               \
    XX(v_erased, "personal data erased", "персональные данные уничтожены")                                     \
    XX(v_amended, "amended", "данные исправлены")                                                              \
    XX(v_substituted, "a person was substituted", "замена участника")                                          \
    XX(v_full, "not registered: full", "не принято: мест нет")                                                 \
    XX(v_maximum, "not registered: has its most", "не принято: квота исчерпана")                               \
    XX(v_capacity_limit, "not registered: this capacity has its most", "не принято: предел для этого статуса") \
    XX(v_closed, "not registered: registration is closed", "не принято: регистрация закрыта")                  \
    XX(v_not_open, "not registered: registration is not open", "не принято: регистрация не открыта")           \
    XX(v_cancelled, "not registered: the event is cancelled", "не принято: мероприятие отменено")              \
    XX(v_postponed, "not registered: the event is postponed", "не принято: мероприятие отложено")              \
    XX(v_party_not_invited, "not registered: not invited", "не принято: не приглашён")                         \
    XX(v_already_registered, "was registered already", "уже зарегистрировано")                                 \
    XX(v_already_declined, "had declined already", "отказ уже был")                                            \
    XX(v_opened, "silence begins", "молчание началось")                                                        \
    XX(v_broken, "silence is broken", "молчание нарушено")                                                     \
    XX(v_adopted, "adopted", "принято")                                                                        \
    XX(v_attached, "a statement was attached", "приложено заявление")                                          \
    XX(v_compiled, "compiled", "составлен")                                                                    \
    XX(v_circulated, "circulated", "разослан")                                                                 \
    XX(v_added, "an event was added", "добавлено мероприятие")                                                 \
    XX(v_superseded, "superseded", "заменён")                                                                  \
    XX(v_abandoned, "abandoned", "снят")                                                                       \
    XX(fmt_in_person, "in person", "очно")                                                                     \
    XX(fmt_hybrid, "hybrid", "смешанно")                                                                       \
    XX(fmt_online, "online", "онлайн")                                                                         \
    XX(ch_status, "status", "состояние")                                                                       \
    XX(ch_title, "title", "название")                                                                          \
    XX(ch_plan_year, "year", "год")                                                                            \
    XX(ch_line, "kind of plan", "вид плана")                                                                   \
    XX(ch_dimension, "dimension", "измерение")                                                                 \
    XX(ch_area, "area", "область")                                                                             \
    XX(ch_catalogue, "measure of the catalogue", "мера каталога")                                              \
    XX(ch_body, "body", "орган")                                                                               \
    XX(ch_proposer, "proposer", "инициатор")                                                                   \
    XX(ch_host_org, "host", "организатор")                                                                     \
    XX(ch_city, "city", "город")                                                                               \
    XX(ch_country, "country", "страна")                                                                        \
    XX(ch_venue, "venue", "место проведения")                                                                  \
    XX(ch_format, "format", "формат")                                                                          \
    XX(ch_date_start, "first day", "первый день")                                                              \
    XX(ch_date_end, "last day", "последний день")                                                              \
    XX(ch_precision, "how exactly the date is known", "точность даты")                                         \
    XX(ch_verified, "confirmed by sources", "подтверждено источниками")                                        \
    XX(ch_time_start, "time", "время начала")                                                                  \
    XX(ch_start_ms, "instant of the start", "момент начала")                                                   \
    XX(ch_zone, "time zone", "часовой пояс")                                                                   \
    XX(ch_utc_offset, "offset from UTC", "смещение от UTC")                                                    \
    XX(ch_note, "note", "примечание")                                                                          \
    XX(ch_sources, "sources", "источники")                                                                     \
    XX(ch_earliest, "earliest day", "не раньше")                                                               \
    XX(ch_latest, "latest day", "не позже")                                                                    \
    XX(ch_preferred, "preferred days", "желаемые дни")                                                         \
    XX(ch_officer, "officer", "ответственный сотрудник")                                                       \
    XX(ch_minutes, "length", "продолжительность")                                                              \
    XX(ch_capacity, "seats", "число мест")                                                                     \
    XX(ch_guaranteed, "seats kept per party", "мест закреплено за каждым")                                     \
    XX(ch_maximum, "most per party", "предел на участника")                                                    \
    XX(ch_waiting, "waiting list", "очередь")                                                                  \
    XX(ch_group, "groups", "группы")                                                                           \
    XX(ch_opens_ms, "opening of registration", "открытие регистрации")                                         \
    XX(ch_closes_ms, "closing of registration", "закрытие регистрации")                                        \
    XX(ch_changes_close_ms, "last changes", "последние изменения")                                             \
    XX(ch_confirm_closes_ms, "end of confirmation", "окончание подтверждения")                                 \
    XX(ch_release_ms, "release of kept seats", "снятие закрепления мест")                                      \
    XX(ch_offer_ms, "time to take an offer", "срок ответа на предложение")                                     \
    XX(ch_approval, "approval", "утверждение")                                                                 \
    XX(ch_approval_again, "approval of changes", "утверждение изменений")                                      \
    XX(ch_online_takes_seat, "seats of those online", "места для онлайн-участников")                           \
    XX(ch_audience, "who is invited", "кто приглашён")                                                         \
    XX(ch_quotas, "quotas", "квоты")                                                                           \
    XX(ch_limits, "limits by capacity", "пределы по статусам")                                                 \
    XX(ch_purge_days, "how long data are kept", "срок хранения данных")                                        \
    XX(ch_assumption, "assumption", "допущение")

#endif
