/* roster: see roster.h, and sample/README.md for what a line means.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "roster.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

enum { TEXT_MAX = 256 };

/* {n} and {party} filled in; in addresses the party is in lower case. */
static json_t *fill(const char *pattern, int64_t n, const char *party, bool lower)
{
    char text[TEXT_MAX];
    size_t at = 0;
    for (const char *p = pattern; *p && at + CV_PARTY_MAX + 24 < sizeof text;) {
        if (strncmp(p, "{n}", 3) == 0) {
            at += (size_t)snprintf(text + at, sizeof text - at, "%lld", (long long)n);
            p += 3;
        } else if (strncmp(p, "{party}", 7) == 0) {
            for (const char *c = party; *c; c++)
                text[at++] = lower ? (char)tolower((unsigned char)*c) : *c;
            p += 7;
        } else {
            text[at++] = *p++;
        }
    }
    return json_stringn(text, at);
}

static json_t *persons_of(const json_t *people, const json_t *line, const char *party)
{
    json_t *persons = json_array(), *capacities = json_object_get(people, "capacities");
    int64_t n = cli_int_of(line, "persons"), online = cli_int_of(line, "online");
    for (int64_t i = 1; i <= n; i++) {
        size_t last = json_array_size(capacities) - 1, which = (size_t)(i - 1) < last ? (size_t)(i - 1) : last;
        json_t *person = json_object();
        json_object_set_new(person, "name", fill(cli_text_of(people, "name"), i, party, false));
        json_object_set(person, "capacity", json_array_get(capacities, which));
        json_object_set_new(person, "email", fill(cli_text_of(people, "email"), i, party, true));
        if (json_object_get(line, "online"))
            json_object_set_new(person, "attendance", json_string(i > n - online ? "online" : "in_person"));
        json_array_append_new(persons, person);
    }
    return persons;
}

static json_t *contact_of(const json_t *people, const char *party)
{
    json_t *russian = json_object_get(people, "russian"), *contact = json_object();
    const char *language = "en";
    for (size_t i = 0; i < json_array_size(russian); i++)
        if (strcmp(json_string_value(json_array_get(russian, i)), party) == 0)
            language = "ru";
    json_object_set_new(contact, "name", fill(cli_text_of(people, "contact_name"), 1, party, false));
    json_object_set_new(contact, "email", fill(cli_text_of(people, "contact_email"), 1, party, true));
    json_object_set_new(contact, "language", json_string(language));
    return contact;
}

json_t *cli_roster_request(const json_t *people, const json_t *line)
{
    const char *what = cli_text_of(line, "do"), *party = cli_text_of(line, "party");
    json_t *data = json_pack("{s:s, s:s}", "event", cli_text_of(line, "event"), "party", party);
    if (strcmp(what, "register") == 0) {
        json_object_set_new(data, "persons", persons_of(people, line, party));
        json_object_set_new(data, "contact", contact_of(people, party));
    } else if (strcmp(what, "withdraw") == 0) {
        if (json_object_get(line, "numbers"))
            json_object_set(data, "persons", json_object_get(line, "numbers"));
    } else if (strcmp(what, "decline") != 0) {
        json_decref(data);
        return NULL;
    }
    char type[TEXT_MAX];
    (void)snprintf(type, sizeof type, "convene.registration.%s.v1", what);
    return json_pack("{s:s, s:s, s:o}", "id", cli_text_of(line, "id"), "type", type, "data", data);
}

size_t cli_roster_publisher(const json_t *line)
{
    unsigned sum = 0;
    for (const char *c = cli_text_of(line, "party"); *c; c++)
        sum = sum * 31 + (unsigned char)*c;
    return sum % CLI_PUBLISHERS;
}

int cli_roster_write(cli_t *cli, const json_t *exercise, const char *const paths[CLI_PUBLISHERS],
                     int64_t ret_counts[CLI_PUBLISHERS])
{
    FILE *files[CLI_PUBLISHERS] = {NULL};
    int64_t counts[CLI_PUBLISHERS] = {0};
    int status = CLI_OK;
    for (size_t i = 0; status == CLI_OK && i < CLI_PUBLISHERS; i++)
        if (!(files[i] = fopen(paths[i], "we")))
            status = cli_fail(cli, CLI_FAILED, "cannot write %s: %s", paths[i], strerror(errno));
    const json_t *roster = json_object_get(exercise, "roster"), *people = json_object_get(exercise, "people");
    for (size_t i = 0; status == CLI_OK && i < json_array_size(roster); i++) {
        const json_t *line = json_array_get(roster, i);
        json_t *request = cli_roster_request(people, line);
        size_t which = cli_roster_publisher(line);
        if (!request || json_dumpf(request, files[which], JSON_COMPACT) != 0 || fputc('\n', files[which]) == EOF)
            status = cli_fail(cli, CLI_FAILED, "request %zu of the roster %s", i,
                              request ? "cannot be written" : "says nothing known");
        json_decref(request);
        counts[which]++;
    }
    for (size_t i = 0; i < CLI_PUBLISHERS; i++)
        if (files[i] && fclose(files[i]) != 0 && status == CLI_OK)
            status = cli_fail(cli, CLI_FAILED, "cannot write %s: %s", paths[i], strerror(errno));
    if (status == CLI_OK)
        memcpy(ret_counts, counts, sizeof counts);
    return status;
}
