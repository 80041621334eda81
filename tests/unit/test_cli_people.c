/* test_cli_people: files of persons as registrations, cells that are no formulas, and the English order of names.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cli/answer_sheet.h"
#include "cli/order.h"
#include "cli/people.h"
#include "cli/sheet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char s_faults[2048];

static void on_fault(void *arg, int64_t line, const char *party, const char *name, const char *field, const char *text)
{
    (void)arg;
    size_t at = strlen(s_faults);
    (void)snprintf(s_faults + at, sizeof s_faults - at, "%lld %s %s %s: %s\n", (long long)line, party, name, field,
                   text);
}

static people_t read_people(const char *text, bool lines, bool each, int expected)
{
    people_t people = {.event = "E1", .each = each, .fault = on_fault, .registrations = json_array()};
    FILE *file = tmpfile();
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    rewind(file);
    s_faults[0] = '\0';
    int rc = lines ? people_read_lines(&people, file) : people_read_csv(&people, file);
    fclose(file);
    if (rc != expected)
        fail_msg("%s: %s", cv_error_name(rc), people.error);
    return people;
}

static void done(people_t *people)
{
    json_decref(people->registrations);
}

/* "KZ:A,B@2,4 AZ:C@3" */
static const char *shape(const people_t *people)
{
    static char text[1024];
    size_t at = 0;
    text[0] = '\0';
    for (size_t i = 0; i < json_array_size(people->registrations); i++) {
        const json_t *registration = json_array_get(people->registrations, i);
        const json_t *persons = cli_json_at(registration, "data.persons"), *of = json_object_get(registration, "lines");
        at += (size_t)snprintf(text + at, sizeof text - at, "%s%s:", at ? " " : "",
                               cli_text_of(json_object_get(registration, "data"), "party"));
        for (size_t k = 0; k < json_array_size(persons); k++)
            at += (size_t)snprintf(text + at, sizeof text - at, "%s%s", k ? "," : "",
                                   cli_text_of(json_array_get(persons, k), "name"));
        for (size_t k = 0; k < json_array_size(of); k++)
            at += (size_t)snprintf(text + at, sizeof text - at, "%s%lld", k ? "," : "@",
                                   (long long)json_integer_value(json_array_get(of, k)));
        if (json_object_get(registration, "wrong"))
            at += (size_t)snprintf(text + at, sizeof text - at, "!%lld", (long long)cli_int_of(registration, "wrong"));
    }
    return text;
}

/* Answers go out as columns and come back as they were, whatever the order of the columns. */
static void answers_are_columns(void **state)
{
    (void)state;
    people_t people =
        read_people("party,answers.topic.2,name,answers.paper.title,capacity,answers.topic,answers.paper\r\n"
                    "KZ,water,A,Soils,head,soil,https://example.org/p\r\n"
                    "KZ,,B,,delegate,air,\r\n"
                    "KZ,,C,,delegate,,\r\n",
                    false, false, CV_OK);
    assert_string_equal(s_faults, "");
    json_t *persons = cli_json_at(json_array_get(people.registrations, 0), "data.persons");
    char *found = json_dumps(json_object_get(json_array_get(persons, 0), "answers"), JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal(found,
                        "[{\"question\":\"topic\",\"value\":\"soil\"},{\"question\":\"topic\",\"value\":\"water\"},"
                        "{\"question\":\"paper\",\"title\":\"Soils\",\"value\":\"https://example.org/p\"}]");
    free(found);
    assert_int_equal(json_array_size(json_object_get(json_array_get(persons, 1), "answers")), 1);
    assert_null(json_object_get(json_array_get(persons, 2), "answers"));

    answer_column_t columns[ANSWER_COLUMNS_MAX];
    json_t *delegations = json_pack("[{s:O}]", "persons", persons);
    const char *const names[] = {"answers.topic", "answers.topic.2", "answers.paper", "answers.paper.title"};
    const char *const cells[] = {"soil", "water", "https://example.org/p", "Soils"};
    assert_int_equal(answer_columns_of(delegations, columns), 4);
    for (size_t i = 0; i < 4; i++) {
        char name[ANSWER_COLUMN_TEXT];
        answer_column_t again;
        answer_column_name(&columns[i], name);
        assert_string_equal(name, names[i]);
        assert_true(answer_column_read(name, &again));
        assert_memory_equal(&again, &columns[i], sizeof again);
        assert_string_equal(answer_cell(json_array_get(persons, 0), &columns[i]), cells[i]);
        assert_string_equal(answer_cell(json_array_get(persons, 2), &columns[i]), "");
    }
    json_decref(delegations);
    done(&people);

    static const char *const wrong[] = {"answers.",        "answers.Topic", "answers.topic.1",      "answers.topic.",
                                        "answers.topic.0", "answers.a.b",   "answers.topic.2.3",    "answer.topic",
                                        "answers.topic.x", "answers.t.65",  "answers.topic.title.2"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(answer_column_read(wrong[i], &columns[0]));
    people = read_people("party,name,capacity,answers.Topic\nKZ,A,head,x\n", false, false, CV_EINVAL);
    assert_non_null(strstr(people.error, "answers.QUESTION"));
    done(&people);
}

static void rows_of_a_party_are_one_registration(void **state)
{
    (void)state;
    static const char text[] = "\xEF\xBB\xBFname,party,capacity,email,attendance,state,number\r\n"
                               "A,KZ,head,,,confirmed,1\r\n"
                               "C,AZ,head,c@x,online,,\r\n"
                               "\r\n"
                               "\"B, junior\",KZ,delegate,,,,\r\n";
    people_t people = read_people(text, false, false, CV_OK);
    assert_string_equal(shape(&people), "KZ:A,B, junior@2,5 AZ:C@3");
    const json_t *person = cli_json_at(json_array_get(people.registrations, 1), "data.persons[0]");
    assert_string_equal(cli_text_of(person, "email"), "c@x");
    assert_string_equal(cli_text_of(person, "attendance"), "online");
    assert_null(json_object_get(person, "state"));
    assert_int_equal(people.rows, 3);
    done(&people);
    people = read_people(text, false, true, CV_OK);
    assert_string_equal(shape(&people), "KZ:A@2 AZ:C@3 KZ:B, junior@5");
    done(&people);
}

static void the_65th_begins_the_next(void **state)
{
    (void)state;
    char text[8192] = "party,name,capacity\n";
    for (int i = 0; i < 65; i++)
        (void)snprintf(text + strlen(text), 64, "KZ,P%d,delegate\n", i);
    people_t people = read_people(text, false, false, CV_OK);
    assert_int_equal(json_array_size(people.registrations), 2);
    assert_int_equal(json_array_size(cli_json_at(json_array_get(people.registrations, 0), "data.persons")), 64);
    assert_int_equal(json_array_size(cli_json_at(json_array_get(people.registrations, 1), "data.persons")), 1);
    done(&people);
}

static void a_wrong_row_sets_its_registration_aside(void **state)
{
    (void)state;
    people_t people = read_people("party,name,capacity,email\nKZ,A,head,\nKZ,B,chief,\nAZ,C,head,nowhere\nUZ,D,head,\n"
                                  "TR,\xff,head,\n,E,head,\n",
                                  false, false, CV_OK);
    assert_string_equal(shape(&people), "KZ:A@2!3 AZ:!4 UZ:D@5 TR:!6");
    assert_int_equal(people.wrong, 4);
    assert_non_null(strstr(s_faults, "3 KZ B capacity: "));
    assert_non_null(strstr(s_faults, "4 AZ C email: "));
    assert_non_null(strstr(s_faults, "6 TR  name: is not UTF-8\n"));
    assert_non_null(strstr(s_faults, "7  E party: "));
    done(&people);
}

static void a_wrong_file_is_not_used(void **state)
{
    (void)state;
    static const struct {
        const char *text, *error;
    } wrong[] = {
        {"", "line 1: there is no header line"},
        {"party,name\n", "line 1: there is no column capacity; party, name and capacity must be there"},
        {"party,name,capacity,e-mail\n", "line 1, column 4: \"e-mail\" is no column of a registration, perhaps email; "
                                         "there are party, name, capacity, attendance, email and answers.QUESTION"},
        {"party,name,capacity,party\n", "line 1: the header names a column twice"},
        {"party,name,capacity\nKZ,A\n", "line 2: has 2 cells, the header has 3"},
        {"party,name,capacity\nKZ,\"A,head\n", "line 2: a quote is not closed; what stands behind it was not read"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        people_t people = read_people(wrong[i].text, false, false, CV_EINVAL);
        assert_string_equal(people.error, wrong[i].error);
        done(&people);
    }
}

static void json_lines(void **state)
{
    (void)state;
    people_t people = read_people(
        "\xEF\xBB\xBF{\"party\":\"KZ\",\"persons\":[{\"name\":\"A\",\"capacity\":\"head\"}],\"group\":\"each\"}\r\n\n"
        "{\"party\":\"AZ\",\"event\":\"E2\",\"persons\":[{\"name\":\"B\",\"capacity\":\"head\"}]}\n"
        "[]\n{\"party\":\"AZ\",\"party\":\"KZ\"}\n{\"party\":\"UZ\",\"persons\":[],\"event\":\"E1\"}",
        true, false, CV_OK);
    assert_string_equal(shape(&people), "KZ:A@1");
    assert_string_equal(cli_text_of(cli_json_at(json_array_get(people.registrations, 0), "data"), "event"), "E1");
    assert_int_equal(people.rows, 5);
    assert_int_equal(people.wrong, 4);
    assert_non_null(strstr(s_faults, "3 AZ B event: is not E1"));
    assert_non_null(strstr(s_faults, "4   : must be a JSON object\n"));
    assert_non_null(strstr(s_faults, "5   : column "));
    assert_non_null(strstr(s_faults, "6 UZ  data.persons: "));
    done(&people);
}

/* ---- cells ------------------------------------------------------------------------------------------------------ */

static void cells_are_no_formulas_and_come_back(void **state)
{
    (void)state;
    static const char *const cells[] = {"",     "A",    "=1+1",   "+1",  "-1",    "@SUM", "\tx",    "'=1",
                                        "''=1", "'Abd", "'",      "a,b", "a\"b",  "a\nb", "x=1",    "''",
                                        "'-",   "-",    "=\"x\"", "\rx", "О'Нил", "'@'",  "\"'=\"", "'''+"};
    enum { N = sizeof cells / sizeof *cells };
    for (size_t i = 0; i < N; i++) {
        char text[64] = "", guarded[64];
        FILE *file = fmemopen(text, sizeof text, "w");
        sheet_put(file, cells[i], true);
        fclose(file);
        const char *shown = text[0] == '"' ? text + 1 : text;
        assert_true(!*cells[i] || !strchr("=+-@\t\r", *shown));
        /* As a CSV reader sees it. */
        size_t n = 0;
        for (const char *c = shown; *c && !(text[0] == '"' && *c == '"' && c[1] != '"'); c++) {
            guarded[n++] = *c;
            c += *c == '"' && text[0] == '"';
        }
        guarded[n] = '\0';
        assert_string_equal(sheet_unguard(guarded), cells[i]);
    }
}

/* ---- order ------------------------------------------------------------------------------------------------------ */

static void english_order(void **state)
{
    (void)state;
    static const char *const names[] = {
        "Afghanistan",  "Åland",     "Azerbaijan",    "China",     "Cote",  "Côte d'Ivoire", "Egypt",
        "The Gambia",   "Guinea",    "Guinea-Bissau", "Guyana",    "India", "iran",          "Lao",
        "Lao People’s", "Qatar",     "St. Lucia",     "Thailand",  "Tür",   "Türkiye",       "Turkmen",
        "Viet Nam",     "Việt Name", "Zambia",        "Казахстан",
    };
    enum { N = sizeof names / sizeof *names };
    for (size_t i = 0; i < N; i++)
        for (size_t k = 0; k < N; k++) {
            int order = order_english(names[i], names[k]);
            if ((order < 0) != (i < k) || (order == 0) != (i == k))
                fail_msg("%s and %s: %d", names[i], names[k], order);
        }
    assert_true(order_english("Turkiye", "Türkiye") != 0); /* told apart, and next to each other */
    assert_int_equal(order_english("\xff", "\xff"), 0);
    assert_true(order_english("", "A") < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_of_a_party_are_one_registration),
        cmocka_unit_test(answers_are_columns),
        cmocka_unit_test(the_65th_begins_the_next),
        cmocka_unit_test(a_wrong_row_sets_its_registration_aside),
        cmocka_unit_test(a_wrong_file_is_not_used),
        cmocka_unit_test(json_lines),
        cmocka_unit_test(cells_are_no_formulas_and_come_back),
        cmocka_unit_test(english_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
