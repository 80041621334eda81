/* text: what a notice says, in English and Russian; pure.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "notifications/text.h"

#include "convene/ids.h"
#include "notifications/core.h"
#include "notifications/mail.h"

enum { EN, RU, LANGUAGES };
typedef const char *s_phrase_t[LANGUAGES];

/* Whole sentences only where grammar would differ: everything else is "label: value", which both languages allow. */
static const s_phrase_t s_accepted = {"Registration accepted", "Регистрация принята"};
static const s_phrase_t s_accepted_part = {"Registration accepted in part", "Регистрация принята частично"};
static const s_phrase_t s_waiting = {"Registration on the waiting list", "Регистрация в листе ожидания"};
static const s_phrase_t s_amended = {"Registration changed", "Регистрация изменена"};
static const s_phrase_t s_change_refused = {"Change refused; the registration stays as it was",
                                            "В изменении отказано; регистрация остаётся прежней"};
static const s_phrase_t s_refused = {"Registration refused", "В регистрации отказано"};
static const s_phrase_t s_withdrawn = {"Withdrawal recorded", "Отзыв регистрации принят"};
static const s_phrase_t s_withdraw_refused = {"Withdrawal refused", "В отзыве регистрации отказано"};
static const s_phrase_t s_declined = {"Non-participation recorded", "Отказ от участия принят"};
static const s_phrase_t s_decline_refused = {"Notice of non-participation refused",
                                             "Сообщение об отказе от участия не принято"};
static const s_phrase_t s_erased = {"Personal data erased", "Персональные данные удалены"};
static const s_phrase_t s_erase_refused = {"Erasure refused", "В удалении данных отказано"};
static const s_phrase_t s_lapsed = {"An offered place was not accepted in time",
                                    "Предложенное место не принято в срок"};
static const s_phrase_t s_consent_over = {"Left the event: the consent to keep personal data ran out",
                                          "Участие прекращено: срок согласия на хранение данных истёк"};
static const s_phrase_t s_promoted = {"Moved up from the waiting list", "Места из листа ожидания подтверждены"};
static const s_phrase_t s_changed = {"Event changed", "Изменения в мероприятии"};
static const s_phrase_t s_cancelled = {"Event cancelled", "Мероприятие отменено"};
static const s_phrase_t s_postponed = {"Event postponed", "Мероприятие отложено"};
static const s_phrase_t s_reinstated = {"Event reinstated", "Мероприятие возобновлено"};

static const s_phrase_t s_hello = {"Dear ", "Здравствуйте, "};
static const s_phrase_t s_hello_end = {",\n\n", "!\n\n"};
static const s_phrase_t s_hello_all = {"Dear colleagues,\n\n", "Уважаемые коллеги!\n\n"};
static const s_phrase_t s_foot = {
    "This message was written by a program. Please answer to the secretariat, not to this address.\n",
    "Это сообщение составлено программой. Просим отвечать в секретариат, а не на этот адрес.\n"};

static const s_phrase_t s_label_event = {"Event", "Мероприятие"};
static const s_phrase_t s_label_delegation = {"Delegation", "Делегация"};
static const s_phrase_t s_label_dates = {"Dates", "Даты"};
static const s_phrase_t s_label_place = {"Place", "Место"};
static const s_phrase_t s_label_venue = {"Venue", "Помещение"};
static const s_phrase_t s_label_format = {"Format", "Формат"};
static const s_phrase_t s_label_title = {"Title", "Название"};
static const s_phrase_t s_label_expired = {"The offer ended at", "Предложение действовало до"};
static const s_phrase_t s_label_ran_out = {"Consent until", "Согласие до"};
static const s_phrase_t s_label_decided = {"Decided at", "Время решения"};
static const s_phrase_t s_label_changed = {"Changed at", "Время изменения"};
static const s_phrase_t s_label_request = {"Request", "Запрос"};
static const s_phrase_t s_label_code = {"Reason", "Основание"};
static const s_phrase_t s_label_why = {"Reason", "Причина"};
static const s_phrase_t s_label_decision = {"Decision", "Решение"};
static const s_phrase_t s_label_notice = {"Notice", "Уведомление"};
static const s_phrase_t s_label_accept = {"To be accepted before", "Подтвердить до"};
static const s_phrase_t s_label_persons = {"Persons", "Участники"};
static const s_phrase_t s_label_changes = {"Changes", "Изменения"};
static const s_phrase_t s_label_seats = {"Seats of the delegation", "Места делегации"};
static const s_phrase_t s_confirmed = {"confirmed", "подтверждено"};
static const s_phrase_t s_at_most = {"at most", "не более"};
static const s_phrase_t s_in_waiting = {"waiting", "в ожидании"};
static const s_phrase_t s_person = {"No.", "№"};
static const s_phrase_t s_position = {"place", "место"};
static const s_phrase_t s_unknown = {"not given", "не указано"};

static const s_phrase_t s_states[CV_PERSON_STATE_MAX + 1] = {
    [CV_PERSON_STATE_ABSENT] = {"", ""},
    [CV_PERSON_STATE_CONFIRMED] = {"confirmed", "место подтверждено"},
    [CV_PERSON_STATE_WAITING] = {"on the waiting list", "в листе ожидания"},
    [CV_PERSON_STATE_WITHDRAWN] = {"withdrawn", "регистрация отозвана"},
    [CV_PERSON_STATE_REFUSED] = {"refused", "отказано"},
    [CV_PERSON_STATE_ONLINE] = {"online", "дистанционно"},
    [CV_PERSON_STATE_UNDER_REVIEW] = {"under review", "на рассмотрении"},
    [CV_PERSON_STATE_RETURNED] = {"returned for correction", "возвращено на доработку"},
    [CV_PERSON_STATE_OFFERED] = {"offered a seat, to be accepted in time",
                                 "предложено место, требуется подтверждение в срок"},
    [CV_PERSON_STATE_NOMINATED] = {"nominated", "выдвинут, место не запрошено"},
};
static const s_phrase_t s_formats[CV_EVENT_FORMAT_MAX + 1] = {
    [CV_EVENT_FORMAT_ABSENT] = {"not given", "не указано"},
    [CV_EVENT_FORMAT_IN_PERSON] = {"in person", "очно"},
    [CV_EVENT_FORMAT_ONLINE] = {"online", "дистанционно"},
    [CV_EVENT_FORMAT_HYBRID] = {"in person and online", "очно и дистанционно"},
};
static const s_phrase_t s_causes[CV_PROMOTION_CAUSE_MAX + 1] = {
    [CV_PROMOTION_CAUSE_ABSENT] = {"", ""},
    [CV_PROMOTION_CAUSE_WITHDRAWAL] = {"another registration was withdrawn", "отозвана другая регистрация"},
    [CV_PROMOTION_CAUSE_RELEASE] = {"guaranteed seats were released", "освобождены гарантированные места"},
    [CV_PROMOTION_CAUSE_CAPACITY] = {"the event has more seats", "увеличено число мест"},
    [CV_PROMOTION_CAUSE_OFFER] = {"an offer to others was not taken", "другие не воспользовались предложением"},
    [CV_PROMOTION_CAUSE_CHANGE] = {"another registration was changed", "изменена другая регистрация"},
};

/* Codes of decisions, as sentences. A code that is not here stands alone: registration may learn new ones. */
static const struct {
    const char *code;
    s_phrase_t text;
} s_codes[] = {
    {"registered", {"all persons are registered", "все участники зарегистрированы"}},
    {"partly_registered", {"not all persons have a seat", "места есть не у всех участников"}},
    {"waiting",
     {"there is no free seat now; the persons are on the waiting list",
      "свободных мест сейчас нет; участники внесены в лист ожидания"}},
    {"withdrawn", {"withdrawn as asked", "отозвано по просьбе"}},
    {"erased", {"the personal data were destroyed", "персональные данные уничтожены"}},
    {"already_erased", {"the personal data were erased before", "персональные данные уже удалены"}},
    {"declined", {"the party does not take part", "сторона не участвует"}},
    {"full", {"there is no free seat", "свободных мест нет"}},
    {"maximum", {"the delegation has as many seats as it may have", "делегация заняла все положенные ей места"}},
    {"capacity_limit",
     {"no more persons are admitted in this capacity", "больше участников в этом качестве не допускается"}},
    {"too_large", {"the group is larger than the delegation may be", "группа больше допустимой делегации"}},
    {"behind", {"others are before this request on the waiting list", "в листе ожидания есть более ранние запросы"}},
    {"one_head", {"a delegation has exactly one head", "у делегации может быть только один глава"}},
    {"duplicate_person", {"a person is named twice", "участник указан дважды"}},
    {"too_many_persons",
     {"the delegation would have too many persons", "в делегации было бы слишком много участников"}},
    {"not_open", {"registration is not open", "регистрация не открыта"}},
    {"closed", {"registration is closed", "регистрация закрыта"}},
    {"cancelled", {"the event is cancelled", "мероприятие отменено"}},
    {"postponed", {"the event is postponed", "мероприятие отложено"}},
    {"party_not_invited", {"the party is not invited to this event", "сторона не приглашена на это мероприятие"}},
    {"already_registered", {"the party is registered", "сторона уже зарегистрирована"}},
    {"already_declined", {"the party has declined before", "сторона уже отказалась от участия"}},
    {"not_registered", {"the party is not registered", "сторона не зарегистрирована"}},
    {"already_withdrawn", {"it was withdrawn before", "регистрация уже отозвана"}},
};

static int s_language(const ntf_context_t *context)
{
    return context->language == CV_LANGUAGE_RU ? RU : EN;
}

/* Text of somebody else's, on one line. */
static void s_put(cv_buf_t *buf, cv_str_t value)
{
    for (size_t at = 0; at < value.len;) {
        size_t from = at;
        int32_t point = ntf_utf8_next(value, &at);
        if (point < 0)
            at++;
        if (point < 0 || ntf_utf8_steering(point))
            cv_buf_put(buf, " ", 1);
        else
            cv_buf_put(buf, value.ptr + from, at - from);
    }
}

static void s_label(cv_buf_t *body, int language, const s_phrase_t label)
{
    cv_buf_printf(body, "%s: ", label[language]);
}

static void s_line(cv_buf_t *body, int language, const s_phrase_t label, cv_str_t value)
{
    s_label(body, language, label);
    s_put(body, value);
    cv_buf_put(body, "\n", 1);
}

static void s_instant(cv_buf_t *body, int language, const s_phrase_t label, int64_t time_ms)
{
    char text[CV_TIME_TEXT + 1];
    cv_time_text(time_ms, text);
    cv_buf_printf(body, "%s: %.10s %.8s +00:00\n", label[language], text, text + 11);
}

static void s_dates(cv_buf_t *body, int language, const cv_event_details_t *details)
{
    if (!details->date_start.ptr) {
        s_put(body, cv_str(s_unknown[language]));
        return;
    }
    s_put(body, details->date_start);
    if (details->date_end.ptr && !cv_str_equal(details->date_end, details->date_start)) {
        cv_buf_printf(body, " - ");
        s_put(body, details->date_end);
    }
    if (details->time_start.ptr) {
        cv_buf_printf(body, ", ");
        s_put(body, details->time_start);
        if (details->utc_offset.ptr) {
            cv_buf_printf(body, " ");
            s_put(body, details->utc_offset);
        }
        if (details->zone.ptr) {
            cv_buf_printf(body, " (");
            s_put(body, details->zone);
            cv_buf_printf(body, ")");
        }
    }
}

static void s_place(cv_buf_t *body, int language, const cv_event_details_t *details)
{
    if (!details->city.ptr && !details->country.ptr)
        s_put(body, cv_str(s_unknown[language]));
    s_put(body, details->city);
    if (details->city.ptr && details->country.ptr)
        cv_buf_printf(body, ", ");
    s_put(body, details->country);
}

/* Subject, greeting, and of whom and of what the notice is. */
static void s_head(const ntf_context_t *context, const s_phrase_t headline, cv_buf_t *subject, cv_buf_t *body)
{
    int language = s_language(context);
    const cv_event_details_t *details = context->details ? &context->details->event_details : NULL;
    cv_buf_printf(subject, "%s: ", headline[language]);
    s_put(subject, details ? details->title : context->event);

    if (context->recipient.ptr) {
        cv_buf_printf(body, "%s", s_hello[language]);
        s_put(body, context->recipient);
        cv_buf_printf(body, "%s", s_hello_end[language]);
    } else {
        cv_buf_printf(body, "%s", s_hello_all[language]);
    }
    cv_buf_printf(body, "%s.\n\n", headline[language]);
    s_label(body, language, s_label_delegation);
    if (context->party_name.ptr) {
        s_put(body, context->party_name);
        cv_buf_printf(body, " (%.*s)\n", CV_STR_ARG(context->party));
    } else {
        cv_buf_printf(body, "%.*s\n", CV_STR_ARG(context->party));
    }
    s_label(body, language, s_label_event);
    if (details) {
        s_put(body, details->title);
        cv_buf_printf(body, " (%.*s)\n", CV_STR_ARG(context->event));
    } else {
        cv_buf_printf(body, "%.*s\n", CV_STR_ARG(context->event));
    }
    if (!details)
        return;
    s_label(body, language, s_label_dates);
    s_dates(body, language, details);
    cv_buf_printf(body, "\n");
    s_label(body, language, s_label_place);
    s_place(body, language, details);
    cv_buf_printf(body, "\n");
    if (details->venue.ptr)
        s_line(body, language, s_label_venue, context->venue_name.ptr ? context->venue_name : details->venue);
    if (details->format != CV_EVENT_FORMAT_ABSENT)
        s_line(body, language, s_label_format, cv_str(s_formats[details->format][language]));
}

static int s_foot_put(const ntf_context_t *context, cv_buf_t *subject, cv_buf_t *body)
{
    int language = s_language(context);
    cv_buf_printf(body, "\n%s: %.*s\n%s", s_label_notice[language], CV_STR_ARG(context->notice), s_foot[language]);
    return subject->rc ? subject->rc : body->rc;
}

static cv_str_t s_name_of(const ntf_context_t *context, int64_t number)
{
    for (size_t i = 0; i < context->persons_n; i++) {
        if (context->persons[i].number == number)
            return context->persons[i].name;
    }
    return CV_STR_NONE;
}

static void s_persons(const ntf_context_t *context, const cv_person_place_t *persons, size_t n, cv_buf_t *body)
{
    int language = s_language(context);
    if (n == 0)
        return;
    cv_buf_printf(body, "\n%s:\n", s_label_persons[language]);
    for (size_t i = 0; i < n; i++) {
        cv_str_t name = s_name_of(context, persons[i].number);
        cv_buf_printf(body, "  %s %lld", s_person[language], (long long)persons[i].number);
        if (name.ptr) {
            cv_buf_printf(body, ", ");
            s_put(body, name);
        }
        cv_buf_printf(body, ": %s", s_states[persons[i].state][language]);
        if (persons[i].has_position)
            cv_buf_printf(body, ", %s %lld", s_position[language], (long long)persons[i].position);
        cv_buf_printf(body, "\n");
    }
}

static void s_seats_put(const ntf_context_t *context, const cv_seats_t *seats, cv_buf_t *body)
{
    int language = s_language(context);
    cv_buf_printf(body, "\n%s: %s %lld (%s %lld), %s %lld\n", s_label_seats[language], s_confirmed[language],
                  (long long)seats->party_confirmed, s_at_most[language], (long long)seats->party_maximum,
                  s_in_waiting[language], (long long)seats->party_waiting);
}

static const s_phrase_t *s_headline(const cv_registration_decided_v1_t *decided)
{
    bool yes = decided->cls == CV_OUTCOME_CLASS_OK;
    if (decided->kind == CV_DECISION_KIND_WITHDRAW)
        return yes ? &s_withdrawn : &s_withdraw_refused;
    if (decided->kind == CV_DECISION_KIND_DECLINE)
        return yes ? &s_declined : &s_decline_refused;
    if (decided->kind == CV_DECISION_KIND_ERASE)
        return yes ? &s_erased : &s_erase_refused;
    if (decided->kind != CV_DECISION_KIND_REGISTER)
        return yes ? &s_amended : &s_change_refused;
    if (!yes)
        return &s_refused;
    size_t in = 0;
    for (size_t i = 0; i < decided->persons_n; i++) {
        cv_person_state_t state = decided->persons[i].state;
        in += state == CV_PERSON_STATE_CONFIRMED || state == CV_PERSON_STATE_ONLINE;
    }
    if (in == decided->persons_n)
        return &s_accepted;
    return in > 0 ? &s_accepted_part : &s_waiting;
}

/* "Reason: there is no free seat (full)" */
static void s_code(cv_buf_t *body, int language, cv_str_t code)
{
    s_label(body, language, s_label_code);
    for (size_t i = 0; i < sizeof(s_codes) / sizeof(s_codes[0]); i++) {
        if (cv_str_is(code, s_codes[i].code)) {
            cv_buf_printf(body, "%s (%s)\n", s_codes[i].text[language], s_codes[i].code);
            return;
        }
    }
    s_put(body, code);
    cv_buf_put(body, "\n", 1);
}

int ntf_text_decision(const ntf_context_t *context, const cv_registration_decided_v1_t *decided, cv_buf_t *subject,
                      cv_buf_t *body)
{
    int language = s_language(context);
    s_head(context, *s_headline(decided), subject, body);
    s_instant(body, language, s_label_decided, context->time_ms);
    s_line(body, language, s_label_request, decided->request);
    s_code(body, language, decided->code);
    s_persons(context, decided->persons, decided->persons_n, body);
    if (decided->has_seats)
        s_seats_put(context, &decided->seats, body);
    return s_foot_put(context, subject, body);
}

int ntf_text_promotion(const ntf_context_t *context, const cv_registration_promoted_v1_t *promoted, cv_buf_t *subject,
                       cv_buf_t *body)
{
    int language = s_language(context);
    s_head(context, s_promoted, subject, body);
    s_instant(body, language, s_label_decided, context->time_ms);
    s_line(body, language, s_label_why, cv_str(s_causes[promoted->cause][language]));
    if (promoted->has_expires_ms)
        s_instant(body, language, s_label_accept, promoted->expires_ms);
    s_persons(context, promoted->persons, promoted->persons_n, body);
    s_seats_put(context, &promoted->seats, body);
    return s_foot_put(context, subject, body);
}

int ntf_text_lapse(const ntf_context_t *context, const cv_registration_lapsed_v1_t *lapsed, cv_buf_t *subject,
                   cv_buf_t *body)
{
    const bool consent = lapsed->cause == CV_LAPSE_CAUSE_CONSENT;
    s_head(context, consent ? s_consent_over : s_lapsed, subject, body);
    s_instant(body, s_language(context), consent ? s_label_ran_out : s_label_expired, lapsed->expires_ms);
    s_persons(context, lapsed->persons, lapsed->persons_n, body);
    s_seats_put(context, &lapsed->seats, body);
    return s_foot_put(context, subject, body);
}

/* "  Label: before -> now", where before and now are put by the same function. */
static void s_change(cv_buf_t *body, int language, const s_phrase_t label,
                     void (*put)(cv_buf_t *, int, const cv_event_details_t *), const cv_event_details_t *was,
                     const cv_event_details_t *now)
{
    cv_buf_printf(body, "  %s: ", label[language]);
    put(body, language, was);
    cv_buf_printf(body, " -> ");
    put(body, language, now);
    cv_buf_printf(body, "\n");
}

static void s_title(cv_buf_t *body, int language, const cv_event_details_t *details)
{
    (void)language;
    s_put(body, details->title);
}

static void s_venue(cv_buf_t *body, int language, const cv_event_details_t *details)
{
    s_put(body, details->venue.ptr ? details->venue : cv_str(s_unknown[language]));
}

static void s_format(cv_buf_t *body, int language, const cv_event_details_t *details)
{
    s_put(body, cv_str(s_formats[details->format][language]));
}

int ntf_text_change(const ntf_context_t *context, const cv_scheduling_event_v1_t *was, unsigned changes,
                    cv_buf_t *subject, cv_buf_t *body)
{
    int language = s_language(context);
    const cv_scheduling_event_v1_t *now = context->details;
    const s_phrase_t *headline = changes & NTF_CANCELLED    ? &s_cancelled
                                 : changes & NTF_POSTPONED  ? &s_postponed
                                 : changes & NTF_REINSTATED ? &s_reinstated
                                                            : &s_changed;
    s_head(context, *headline, subject, body);
    s_instant(body, language, s_label_changed, context->time_ms);
    if (now->reason.ptr)
        s_line(body, language, s_label_why, now->reason);
    if (now->decision.ptr)
        s_line(body, language, s_label_decision, now->decision);

    static const struct {
        unsigned bit;
        const s_phrase_t *label;
        void (*put)(cv_buf_t *, int, const cv_event_details_t *);
    } rows[] = {
        {NTF_CHANGED_TITLE, &s_label_title, s_title},    {NTF_CHANGED_DATES, &s_label_dates, s_dates},
        {NTF_CHANGED_PLACE, &s_label_place, s_place},    {NTF_CHANGED_VENUE, &s_label_venue, s_venue},
        {NTF_CHANGED_FORMAT, &s_label_format, s_format},
    };
    bool first = true;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (!(changes & rows[i].bit))
            continue;
        if (first)
            cv_buf_printf(body, "\n%s:\n", s_label_changes[language]);
        first = false;
        s_change(body, language, *rows[i].label, rows[i].put, &was->event_details, &now->event_details);
    }
    return s_foot_put(context, subject, body);
}
