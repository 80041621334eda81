/* table: all commands of `convene`.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cli.h"

#define END                 \
    {                       \
        NULL, 0, NULL, NULL \
    }

static const cli_flag_t up_flags[] = {
    {"sample", 0, "NAME", "load a sample and run it; there is one: cica"},
    {"exit", 0, NULL, "with --sample: leave after the summary; 0 only if every check held"},
    {"publisher", 0, "PROGRAM",
     "with --sample: the C publisher; default: convene-example-publisher beside this program"},
    {"publisher-py", 0, "SCRIPT", "with --sample: the Python publisher; \"none\": let the C publisher do both parts"},
    {"sample-dir", 0, "DIR", "where cica-plan.json and exercise.json are"},
    END,
};
static const cli_flag_t sample_flags[] = {
    {"publisher", 0, "PROGRAM", "the C publisher; default: convene-example-publisher beside this program"},
    {"publisher-py", 0, "SCRIPT", "the Python publisher; \"none\": let the C publisher do both parts"},
    {"sample-dir", 0, "DIR", "where cica-plan.json and exercise.json are"},
    END,
};
static const cli_flag_t health_flags[] = {
    {"live", 0, NULL, "ask only whether it answers; otherwise it must be ready"},
    END,
};
static const cli_flag_t metrics_flags[] = {
    {"output", 0, "FILE", "into this file, which is replaced as a whole"},
    END,
};
static const cli_flag_t config_show_flags[] = {
    {"changed", 0, NULL, "only what is not left at its default"},
    END,
};
static const cli_flag_t request_flags[] = {
    {"set", 's', "FIELD=VALUE", "one field; again for more; contact.name, persons[0].name reach inside"},
    {"data-json", 'd', "JSON", "all fields as one JSON object; @FILE reads it from a file"},
    {"lines", 'l', "FILE", "many requests: one JSON object per line; - is standard input"},
    {"csv", 'c', "FILE", "many requests: CSV with a header of field names; - is standard input"},
    {"id", 0, "UUID", "ask again with this id: the answer is the one given before"},
    {"dry-run", 'n', NULL, "only check against the schema, send nothing"},
    {"in-order", 0, NULL, "send each only when the one before is answered"},
    {"outbox", 0, "FILE", "keep unanswered requests in this file; they are sent again at the next start"},
    END,
};
static const cli_flag_t import_flags[] = {
    {"dry-run", 'n', NULL, "only check, send nothing"},
    END,
};
static const cli_flag_t event_import_flags[] = {
    {"plan", 'p', "PLAN", "year and line of the plan they belong to: 2026-cbm; must be given"},
    {"zone", 0, "ZONE", "IANA zone of times that the file puts into none"},
    {"dimension", 0, "CODE", "of new events whose CATEGORIES name no dimension"},
    {"body", 0, "CODE", "that meets, of new events"},
    {"proposer", 0, "PARTY", "of new events"},
    {"dry-run", 'n', NULL, "compare and check only, change nothing"},
    END,
};
static const cli_flag_t enrol_flags[] = {
    {"event", 'e', "EVENT", "at which event; must be given"},
    {"format", 0, "FORMAT", "csv or jsonl; default: by the name of the file, csv for -"},
    {"dry-run", 'n', NULL, "let the service decide and take it back: nothing is changed, nobody is told"},
    {"all-or-none", 0, NULL, "one request: one person who is refused, and nobody is registered"},
    {"each", 0, NULL, "every row of a CSV by itself; default: the rows of a party are one registration"},
    {"unordered", 0, NULL, "faster: do not wait for an answer before the next is asked; not in the file's order"},
    {"run", 0, "WORD", "decide anew what another run of the same file decided"},
    END,
};
static const cli_flag_t export_flags[] = {
    {"format", 0, "FORMAT", "csv, json, jsonl or pdf; default: by the name of --output, else csv"},
    {"output", 'o', "FILE", "write this file, whole or not at all; default: standard output"},
    {"with-contacts", 0, NULL, "pdf: e-mail addresses too; the other formats have them in any case"},
    {"with-answers", 0, NULL, "pdf: answers to the event's form too; the other formats have them in any case"},
    END,
};
static const cli_flag_t plan_flags[] = {
    {"year", 0, "YEAR", "only this plan"},
    END,
};
#define RESOLUTION                                                                                  \
    {"subject", 0, "KIND", "plan, document, catalogue, membership, chairmanship or event"},         \
        {"about", 0, "WHICH", "which plan, party, event: 2026-cbm"}, {"title", 0, "TEXT", "title"}, \
        {"text", 0, "TEXT", "the text to be adopted; @FILE reads it from a file"},                  \
        {"proposer", 0, "PARTY", "party that proposes it"},                                         \
    {                                                                                               \
        "meeting", 0, "EVENT", "meeting at which it was proposed or decided"                        \
    }
static const cli_flag_t decision_open_flags[] = {
    RESOLUTION,
    {"until", 0, "TIME", "when silence ends: 2026-03-06T18:00 with --zone, or 2026-03-06T13:00:00Z"},
    {"zone", 0, "ZONE", "zone of --until: Asia/Almaty"},
    {"utc-offset", 0, "OFFSET", "which of the two, in the hour that a clock shows twice: +03:00"},
    END,
};
static const cli_flag_t decision_take_flags[] = {
    RESOLUTION,
    {"present", 0, "PARTIES", "members that were present: AZ,KZ,TR"},
    {"date", 0, "DATE", "day it was taken; default today"},
    END,
};
static const cli_flag_t statement_flags[] = {
    {"party", 0, "CODE", "the member that states it"},
    {"text", 0, "TEXT", "what it states; @FILE reads it from a file"},
    END,
};
static const cli_flag_t reason_flags[] = {
    {"reason", 0, "TEXT", "why"},
    END,
};
static const cli_flag_t badge_flags[] = {
    {"format", 0, "FORMAT", "pdf (the default): one file, a page each; png: a folder, a file each"},
    {"output", 'o', "FILE", "where to; of one badge as png also a name that ends in .png; default: badges-EVENT..."},
    END,
};
static const cli_flag_t badge_open_flags[] = {
    {"from", 0, "TIME", "the first instant at which they let in: 2026-03-06T05:00:00Z"},
    {"until", 0, "TIME", "the first that is too late"},
    {"self-service", 0, NULL, "focal points may issue those of their own party"},
    END,
};
static const cli_flag_t badge_rotate_flags[] = {
    {"until", 0, "TIME", "badges signed before are good until then; without it: as long as they say"},
    {"reason", 0, "TEXT", "why"},
    END,
};
static const cli_flag_t preview_flags[] = {
    {"language", 'l', "CODE", "en (the default), ru, or another that there is a catalogue for"},
    {"catalogues", 0, "DIR", "where more catalogues are; without it: notifications/languages of the configuration"},
    {"format", 0, "FORMAT", "text (the default), html, or mime: the whole message with its calendar part"},
    END,
};
static const cli_flag_t languages_flags[] = {
    {"catalogues", 0, "DIR", "where more catalogues are; without it: notifications/languages of the configuration"},
    END,
};
static const cli_flag_t attendance_flags[] = {
    {"scans", 0, NULL, "every scan and what it was taken for; personal data"},
    END,
};
static const cli_flag_t gate_init_flags[] = {
    {"event", 0, "EVENT", "the event whose badges it lets in"},
    {"gate", 0, "NAME", "its name: that of its key, see convene keys add NAME --role gate"},
    END,
};
static const cli_flag_t gate_scan_flags[] = {
    {"out", 0, NULL, "holders go out; otherwise they come in"},
    END,
};
static const cli_flag_t decision_list_flags[] = {
    {"state", 0, "STATE", "open, broken, adopted or withdrawn"},
    {"subject", 0, "KIND", "of this kind"},
    {"about", 0, "WHICH", "about this"},
    {"year", 0, "YEAR", "with a number of this year"},
    END,
};
static const cli_flag_t plan_compile_flags[] = {
    {"events", 0, "EVENTS", "exactly these: A,B,C; default: all that are proposed"},
    {"reason", 0, "TEXT", "why the version in force is amended"},
    END,
};
static const cli_flag_t plan_move_flags[] = {
    {"reason", 0, "TEXT", "why"},
    {"meeting", 0, "EVENT", "meeting that reviewed it"},
    END,
};
static const cli_flag_t place_plan_flags[] = {
    {"year", 0, "YEAR", "the plan of this year"},
    {"seconds", 0, "N", "search for at most so many seconds of processor time; default 10"},
    {"seed", 0, "N", "of the search; the same seed finds the same plan; default 1"},
    {"pin", 0, "EVENTS", "leave these where they are: E1,E2"},
    {"output", 'o', "FILE", "write what would move to this file, for `place accept`"},
    END,
};
static const cli_flag_t place_programme_flags[] = {
    {"all", 0, NULL, "also what is for all and has its time: opening, closing, plenaries, breaks"},
    {"from", 0, "TIME", "sessions begin at this time of a day at the earliest; default 09:00"},
    {"until", 0, "TIME", "and end by this; default 18:00"},
    {"step", 0, "MINUTES", "they begin every so many minutes; default 30"},
    {"venue", 0, "CODE", "in the rooms of this venue; default: the event's, or where its sessions are"},
    {"seed", 0, "N", "another seed finds another programme; default 1"},
    {"seconds", 0, "N", "of processor time at most; default 10"},
    {"output", 'o', "FILE", "write what would move to this file, for `place accept`"},
    END,
};
static const cli_flag_t place_accept_flags[] = {
    {"reason", 0, "TEXT", "why; default: how the dates were found"},
    END,
};
static const cli_flag_t place_fit_flags[] = {
    {"count", 0, "N", "so many days at most; default 10"},
    {"year", 0, "YEAR", "in the plan of this year; default: that of the event"},
    END,
};
static const cli_flag_t room_set_flags[] = {
    {"name", 0, "TEXT", "its name; default: VENUE/ROOM"},
    {"seats", 0, "N", "how many people it seats; must be given"},
    {"booths", 0, "N", "booths for interpretation, each with a team"},
    {"features", 0, "LIST", "what it has: hybrid,nameplates"},
    {"turnaround", 0, "MINUTES", "what it needs between two sessions"},
    {"available", 0, "FROM/UNTIL,...", "when it can be used, by the clock of the venue; default: always"},
    {"closed", 0, NULL, "not to be used at all"},
    END,
};
static const cli_flag_t rule_set_flags[] = {
    {"effect", 0, "EFFECT", "forbid, block_release, warn or ignore"},
    {"weight", 0, "N", "what one broken rule costs"},
    END,
};
static const cli_flag_t programme_flags[] = {
    {"output", 'o', "FILE",
     "as Pentabarf XML into this file, - for standard output: the newest release, if there is one"},
    {"draft", 0, NULL, "as XML what stands now, released or not"},
    END,
};
static const cli_flag_t release_flags[] = {
    {"note", 0, "TEXT", "what is new in it"},
    END,
};
#define EVENT_FIELDS                                                                                                 \
    {"title", 0, "TEXT", "title"}, {"start", 0, "DATE", "first day: 2026-05-11, or as far as it is known: 2026-05"}, \
        {"end", 0, "DATE", "last day"}, {"precision", 0, "WORD", "how exactly the days are known"},                  \
        {"time", 0, "HH:MM", "when it begins on the first day"},                                                     \
        {"zone", 0, "ZONE", "by the clock of this zone: Asia/Baku"},                                                 \
        {"utc-offset", 0, "OFFSET", "where no zone is known: +05:00"},                                               \
        {"minutes", 0, "N", "how long it lasts on each day"}, {"city", 0, "NAME", "city"},                           \
        {"country", 0, "CODE", "country of the host: AZ"}, {"venue", 0, "CODE", "venue"},                            \
        {"format", 0, "FORMAT", "in_person, hybrid or online"}, {"host", 0, "NAME", "organisation that hosts it"},   \
        {"earliest", 0, "DATE", "first day that it may take up"},                                                    \
        {"latest", 0, "DATE", "last day that it may take up"},                                                       \
        {"preferred", 0, "DATE", "day on which it would best begin"},                                                \
        {"officer", 0, "PERSON", "who in the Secretariat is responsible"},                                           \
        {"teams", 0, "N", "teams of interpreters that it has"},                                                      \
    {                                                                                                                \
        "note", 0, "TEXT", "anything else"                                                                           \
    }
static const cli_flag_t event_propose_flags[] = {
    {"plan", 'p', "PLAN", "year and line of the plan it is for: 2026-cbm; must be given"},
    EVENT_FIELDS,
    {"dimension", 0, "CODE", "dimension"},
    {"area", 0, "CODE", "priority area"},
    {"catalogue", 0, "CODE", "version of the catalogue that these are cited from"},
    {"body", 0, "CODE", "body that meets"},
    {"proposer", 0, "PARTY", "who proposes it"},
    {"group", 0, "CODE", "shared by events that are held together"},
    END,
};
static const cli_flag_t event_change_flags[] = {
    EVENT_FIELDS,
    {"reason", 0, "TEXT", "why"},
    END,
};
static const cli_flag_t event_advance_flags[] = {
    {"reason", 0, "TEXT", "why"},
    {"decision", 0, "TEXT", "the decision that it rests on"},
    END,
};
static const cli_flag_t session_set_flags[] = {
    {"title", 0, "TEXT", "title; a new session needs one"},
    {"kind", 0, "KIND", "opening, plenary, parallel, negotiation, side_event, closing or break; default parallel"},
    {"minutes", 0, "N", "its length; a new session needs one"},
    {"start", 0, "TIME", "its beginning by the clock there: 2026-05-11T09:30"},
    {"zone", 0, "ZONE", "by the clock of this zone; default: the venue's"},
    {"utc-offset", 0, "OFFSET", "in the hour that a clock shows twice: +02:00"},
    {"room", 0, "VENUE/ROOM", "where"},
    {"chair", 0, "PERSON[:PARTY][@ZONE][~FROM~UNTIL]",
     "who chairs it, by a code: AZ-1:AZ; in ZONE: from afar; there FROM, like 2026-05-11T12:00, UNTIL"},
    {"speakers", 0, "PERSON[:PARTY][@ZONE][~FROM~UNTIL],...", "who speaks, by codes"},
    {"after", 0, "LIST", "sessions of the event that have to be over when it begins"},
    {"parties", 0, "LIST", "whose delegations must be there: AZ,KZ"},
    {"welcome", 0, "LIST", "whose delegations would like to be there"},
    {"themes", 0, "LIST", "what it is about: trade,water"},
    {"track", 0, "CODE", "row of sessions that keeps to one room a day"},
    {"language", 0, "CODE", "language it is held in: en"},
    {"wish-from", 0, "TIME", "asked for: not before this"},
    {"wish-until", 0, "TIME", "asked for: over by this"},
    {"wish-room", 0, "ROOM", "asked for: this room of its venue"},
    {"languages", 0, "LIST", "languages of interpretation: en,ru"},
    {"features", 0, "LIST", "what its room must have"},
    {"expected", 0, "N", "how many people are expected"},
    {"tentative", 0, NULL, "not confirmed yet; holds its room all the same"},
    {"confirmed", 0, NULL, "confirmed"},
    {"pin", 0, NULL, "stays where it is"},
    {"unpin", 0, NULL, "may move again"},
    {"reason", 0, "TEXT", "why"},
    END,
};
static const cli_flag_t session_place_flags[] = {
    {"room", 0, "VENUE/ROOM", "where; default: the room it has"},
    {"zone", 0, "ZONE", "START is by the clock of this zone; default: the venue's"},
    {"utc-offset", 0, "OFFSET", "in the hour that a clock shows twice: +02:00"},
    {"off", 0, NULL, "off the programme"},
    {"reason", 0, "TEXT", "why"},
    END,
};
static const cli_flag_t why_flags[] = {
    {"room", 0, "VENUE/ROOM", "of a session: in this room; default: the room it has"},
    {"year", 0, "YEAR", "in the plan of this year; default: that of the event"},
    END,
};
static const cli_flag_t plan_list_flags[] = {
    {"plan", 0, "PLAN", "only this: 2026-cbm"},
    {"year", 0, "YEAR", "of this year"},
    {"line", 0, "LINE", "of this planning line"},
    {"state", 0, "STATE", "draft, circulated, returned, adopted, superseded or abandoned"},
    END,
};
static const cli_flag_t event_list_flags[] = {
    {"year", 0, "YEAR", "of this plan"},
    {"status", 0, "STATUS", "in this status, for instance open"},
    {"dimension", 0, "CODE", "of this dimension"},
    {"body", 0, "CODE", "of this body"},
    {"country", 0, "CODE", "in this country"},
    {"line", 0, "LINE", "of this planning line: cbm, statutory, institutional, think_tank, unknown"},
    END,
};
static const cli_flag_t event_show_flags[] = {
    {"history", 0, NULL, "all versions it ever had"},
    END,
};
static const cli_flag_t watch_flags[] = {
    {"interval", 0, "TIME", "look at the services this often; default 1s"},
    {"once", 0, NULL, "print the state once and leave"},
    END,
};
static const cli_flag_t keys_add_flags[] = {
    {"role", 0, "ROLE",
     "operator, secretariat, focal_point, publisher, service, observer or gate; default focal_point"},
    {"party", 0, "CODE", "the party a focal point acts for; default: NAME after \"focal-\", in capitals"},
    {"share", 0, "DIR", "then do what `keys share DIR` does"},
    END,
};
static const cli_flag_t keys_make_flags[] = {
    {"share", 0, "DIR", "then do what `keys share DIR` does"},
    END,
};
static const cli_flag_t keys_rotate_flags[] = {
    {"overlap", 0, "TIME", "how long the key before is good too: 24h (default), 30m, 7d; 0: not at all"},
    {"share", 0, "DIR", "then do what `keys share DIR` does"},
    END,
};
static const cli_flag_t keys_revoke_flags[] = {
    {"former", 0, NULL, "only the key before the last rotation: ends its overlap"},
    {"share", 0, "DIR", "then do what `keys share DIR` does"},
    END,
};
static const cli_flag_t bounce_flags[] = {
    {"dry-run", 0, NULL, "show what would be reported; works without services"},
    END,
};
static const cli_flag_t remind_flags[] = {
    {"for", 0, "AUDIENCE", "whom it reminds, where that is not whose deadline it is"},
    {"off", 0, NULL, "the rule reminds nobody"},
    END,
};
static const cli_flag_t redrive_flags[] = {
    {"all", 0, NULL, "all that are dead"},
    END,
};
static const cli_flag_t webhook_flags[] = {
    {"order", 0, "N", "which of the party's webhooks, 1 to 3; default 1"},
    END,
};
static const cli_flag_t webhook_rotate_flags[] = {
    {"order", 0, "N", "which of the party's webhooks, 1 to 3; default 1"},
    {"overlap", 0, "TIME", "how long the secret before signs too: 24h (default), 30m, 7d; 0: not at all"},
    END,
};
static const cli_flag_t prefer_flags[] = {
    {"order", 0, "N", "for this recipient only: 1 to 9; 0: the contacts that delegations name; default: all"},
    END,
};
static const cli_flag_t hours_flags[] = {
    {"zone", 0, "ZONE", "where they are, like Asia/Almaty"},
    {"quiet", 0, "FROM-TO", "when nothing is sent that is not urgent: 20:00-07:00; default: never"},
    {"digest-at", 0, "TIME", "when digests are made; default: 08:00"},
    {"digest-day", 0, "DAY", "on which day weekly ones are: mon to sun; default: mon"},
    {"order", 0, "N", "for this recipient only: 1 to 9; 0: the contacts that delegations name; default: all"},
    {"remove", 0, NULL, "take the hours away"},
    END,
};
static const cli_flag_t audit_flags[] = {
    {"acknowledged", 0, "FILE", "outcomes that were given, as `convene request --json` prints them; again for more"},
    END,
};
static const cli_flag_t audit_view_flags[] = {
    {"url", 0, "URL", "the dashboard; otherwise that of the settings (dashboard/http)"},
    END,
};
static const cli_flag_t dashboard_link_flags[] = {
    {"hours", 0, "HOURS", "how long it is good, at most 168; otherwise 8"},
    {"url", 0, "URL", "where the desk is as its readers see it; otherwise that of the settings (dashboard/desk)"},
    END,
};
static const cli_flag_t dashboard_desk_flags[] = {
    {"url", 0, "URL", "where the desk is; otherwise that of the settings (dashboard/desk)"},
    END,
};
static const cli_flag_t dashboard_revoke_flags[] = {
    {"all", 0, NULL, "of everybody"},
    {"url", 0, "URL", "where the desk is; otherwise that of the settings (dashboard/desk)"},
    END,
};
static const cli_flag_t fetch_flags[] = {
    {"after", 0, "SEQUENCE", "leave out records up to this one"},
    {"limit", 0, "COUNT", "at most so many"},
    {"follow", 'f', NULL, "go on with what comes, until Ctrl-C"},
    END,
};

const cli_command_t cli_commands[] = {
    {"up", "Run", "", 0, 0, "run the services here, as processes", up_flags,
     "Makes the data folder and keys at first start, starts the three services and the dashboard beside this "
     "program, waits until each answers,\n"
     "and starts again whichever falls. Ctrl-C stops all in order. With --sample the sample's facts and exercise "
     "are sent as\n"
     "requests, two publishers send registrations, and a summary with its checks is printed.",
     "convene up\nconvene up --sample cica --exit\nconvene up --data /tmp/try --conf security=none --conf "
     "registration/endpoint=ipc:///tmp/try/registration",
     cli_up},
    {"status", "Run", "", 0, 0, "whether the services run, and how far each follows the others", NULL,
     "Exit status 0: all three answer and nothing is halted or parked; 3: some do not; 6: none answers.",
     "convene status\nconvene status --json", cli_status},
    {"watch", "Run", "", 0, 0, "live view: seats and lists per event, streams, lag", watch_flags,
     "On a terminal the view is redrawn when something changes; otherwise one line is printed per change.",
     "convene watch\nconvene watch --once\nconvene watch --json", cli_watch},
    {"health", "Run", "[SERVICE]", 0, 1, "whether a service of this machine is ready, for who supervises it",
     health_flags,
     "Asks the service where it listens, with its own key. Without SERVICE: the one that is process 1, as in a "
     "container.\n"
     "Takes 2 s at most, or --timeout, and never more than a second above that. Exit status 0: it answers, decides\n"
     "requests, and no stream it follows is halted or parked (with --live: it answers); 1: it answers and is not "
     "ready; 2:\n"
     "wrong arguments or settings; 4: its key is not there; 6: no answer in time.",
     "convene health registration\nconvene health notifications --live --timeout 500ms", cli_health},
    {"metrics", "Run", "[SERVICE]", 0, 1, "counters and positions of the services, as Prometheus reads them",
     metrics_flags,
     "Asks each service's status; nothing listens for it. For a node exporter: run it by a timer with --output into "
     "the directory of its textfile collector.\n"
     "Exit status: 0 if all answered; a service that does not is convene_up 0.",
     "convene metrics\nconvene metrics --output /var/lib/prometheus/node-exporter/convene.prom", cli_metrics},
    {"config check", "Run", "[SERVICE]", 0, 1, "whether services would start with these settings", NULL,
     "Asks each service's own program, beside this one, with the same --config, --conf, --data and environment: what "
     "it\n"
     "says is what it would say instead of starting. Opens no database and no port, so services may run meanwhile.\n"
     "Exit status: 0 all would start; 2 one would not.",
     "convene config check --config /etc/convene/convene.cfg\nconvene config check registration", cli_config_check},
    {"config show", "Run", "[KEY]", 0, 1, "the settings that hold, and where each comes from", config_show_flags,
     "A flag beats the environment, which beats the file of --config, which beats the default. Secrets are files: "
     "shown is\n"
     "where, never what. With KEY: all there is to know of this setting.",
     "convene config show --changed\nconvene config show registration/purge_days\nconvene config show --json",
     cli_config_show},
    {"config example", "Run", "", 0, 0, "a file for --config with every setting in it, commented out", NULL, NULL,
     "convene config example > convene.cfg", cli_config_example},
    {"doctor", "Run", "", 0, 0, "find what is wrong with this installation", NULL,
     "Checks libraries, configuration, keys and their modes, disk space, addresses, clocks and the services' own "
     "reports.",
     "convene doctor", cli_doctor},

    {"sample run", "Run", "NAME", 1, 1, "run a sample on services that run already", sample_flags,
     "What `up --sample NAME` does, without starting services: for containers and other machines. The services' clock "
     "must\n"
     "stand where the sample begins, or a day later at most; `convene sample clock NAME` says how to set it. The files "
     "of\n"
     "notifications/outbox are counted, so that folder must be seen here. Exit status 0: every check held.",
     "convene sample run cica\nconvene sample run cica --publisher-py none --json", cli_sample_run},
    {"sample clock", "Run", "NAME", 1, 1, "the clock/offset_ms with which a sample begins now", NULL, NULL,
     "CONVENE_CLOCK_OFFSET_MS=$(convene sample clock cica) convene up", cli_sample_clock},

    {"request", "Ask", "TYPE", 1, 1, "send one request, or many, and wait for the outcomes", request_flags,
     "TYPE is a request type or an unambiguous part of one (register, event.change); `convene help requests` lists "
     "them.\n"
     "Each request is repeated with the same id until its outcome comes or --timeout passes (for many: since the last "
     "outcome).\n"
     "Exit status: that of the outcome (5 refused, 7 not allowed, ...); of many requests 0 if all are OK, 3 if some "
     "are.",
     "convene request register --as focal-kz --set event=2025-SWG-2 --set party=KZ --set 'persons=[{\"name\":\"A. "
     "B.\",\"capacity\":\"head\"}]'\n"
     "convene request register --set event=E1 --set party=KZ --set persons[0].name='A. B.' --set "
     "persons[0].capacity=head\n"
     "convene request event.advance --set event=E1 --set to=cancelled --set reason='Not this year'\n"
     "convene request register --lines roster.jsonl\nconvene request recipient.put --csv contacts.csv --dry-run",
     cli_request},
    {"request show", "Ask", "ID", 1, 1, "the outcome that a service remembers for a request", NULL,
     "Asks every service; 4 if none knows the id: it was never decided, or was refused without being remembered.",
     "convene request show 01997b2e-...", cli_request_show},
    {"explain", "Ask", "ID", 1, 1, "why a request, or a party's delegation, stands as it does", NULL,
     "ID is a request's id or EVENT/PARTY.", "convene explain 01997b2e-...\nconvene explain 2025-SWG-2/KZ",
     cli_explain},
    {"registration import", "Ask", "FILE", 1, 1, "register the persons of a CSV or JSON lines file, or try it",
     enrol_flags,
     "CSV: a header with party, name, capacity, and where wanted attendance, email and answers.QUESTION (.2, .3 for\n"
     "more choices, .title, .hash of a reference); a person per row. JSON lines: the data of\n"
     "a registration.register per line. FILE - is standard input. Each row gets a line of the report: its line in "
     "the file, party,\n"
     "name, class, code and the reason. Ids are made from the content and your key: the same file again, or after "
     "it was broken\n"
     "off, gives the same answers and registers nobody twice. Exit status: 0 all accepted; 3 some; 5 none (or of "
     "all or none one\n"
     "was refused); 2 the file is wrong; 6 no answer in time: the same again goes on.",
     "convene registration import delegates.csv --event 2025-SWG-2 --dry-run\n"
     "convene registration import delegates.csv --event 2025-SWG-2 --all-or-none\n"
     "convene registration import - --format jsonl --event 2025-SWG-2 --json < delegates.jsonl",
     cli_registration_import},
    {"plan import", "Ask", "FILE", 1, 1, "send parties, bodies, headings, venues and events of a plan file",
     import_flags,
     "The file is a JSON object with the lists parties, bodies, headings, venues, rooms, catalogues, coordinators,\n"
     "chairmanships, events, advances, registrations, sessions, workplans, workitems, recipients;\n"
     "each is optional, each object is a request's data. Nulls and the members reported and assumption are left out. "
     "Ids are\n"
     "made from the content and your key: importing the same file twice with the same key changes nothing.",
     "convene plan import cica-plan.json --dry-run", cli_plan_import},

    {"event import", "Ask", "FILE.ics", 1, 1, "propose, change and cancel events as the entries of a calendar file say",
     event_import_flags,
     "An entry is found again by its UID: the same file once more changes nothing, a changed one changes what differs, and\n"
     "STATUS:CANCELLED cancels. RRULE gives an event for each day in the plan's year. What cannot be taken is said with\n"
     "its line, UID and what would be right, and the rest goes on; FILE - is standard input. Attendees are not read.",
     "convene event import forum.ics --plan 2026-cbm --dry-run", cli_event_import},

    {"event propose", "Plan", "EVENT", 1, 1, "propose an event for a year's plan", event_propose_flags,
     "What is known now is enough: days can be a month or a year. What speaks against its days is told with the answer.",
     "convene event propose 2026-FORUM --plan 2026-cbm --title Forum --start 2026-05-11 --end 2026-05-13 --city Baku "
     "--country AZ",
     cli_event_propose},
    {"event change", "Plan", "EVENT", 1, 1, "change what an event is, where and when", event_change_flags,
     "What is not said stays as it is. Whoever answered is told.",
     "convene event change 2024-MC --start 2024-12-17 --end 2024-12-17 --format online --reason 'By agreement'",
     cli_event_change},
    {"event advance", "Plan", "EVENT STATUS", 2, 2, "move an event on: scheduled, open, held, postponed, cancelled ...",
     event_advance_flags, NULL, "convene event advance 2026-FORUM postponed --reason 'The venue is closed'",
     cli_event_advance},
    {"plan compile", "Plan", "PLAN", 1, 1, "put proposed events together as the plan of a year and line",
     plan_compile_flags, "With a version in force the next one begins, its amendment. PLAN is year and line: 2026-cbm.",
     "convene plan compile 2026-cbm\nconvene plan compile 2026-cbm --events A,B --reason 'The host of C cannot'",
     cli_plan_compile},
    {"plan circulate", "Plan", "PLAN", 1, 1, "put a compiled version before those who review and decide",
     plan_move_flags, NULL, "convene plan circulate 2026-cbm", cli_plan_circulate},
    {"plan return", "Plan", "PLAN", 1, 1, "send a circulated version back, with reasons", plan_move_flags, NULL,
     "convene plan return 2026-cbm --reason 'Two events in one week' --meeting 2025-SWG-4", cli_plan_return},
    {"plan abandon", "Plan", "PLAN", 1, 1, "give up a version that is not adopted", plan_move_flags, NULL,
     "convene plan abandon 2026-cbm", cli_plan_abandon},
    {"plan add", "Plan", "EVENT DECISION", 2, 2, "add an event outside the yearly round, by its own decision", NULL,
     NULL, "convene plan add 2026-EXTRA-1 2026-D-7", cli_plan_add},

    {"place plan", "Plan", "", 0, 0, "search for better days for a year's events, and show the difference",
     place_plan_flags,
     "Searches here, beside the services, and changes nothing. What is over, has begun or is pinned stays; moving what "
     "was\n"
     "promised costs more the further it has come. Days off are those of the calendars (scheduling.calendar.put).",
     "convene place plan --year 2026 --output placed.json\nconvene place plan --year 2026 --pin 2026-SWG-1 --seed 7",
     cli_place_plan},
    {"place programme", "Plan", "EVENT", 1, 1, "search for times and rooms of an event's sessions",
     place_programme_flags,
     "Whatever is not pinned is placed or may move; what is for all and has its time stays unless --all is given. Nothing but\n"
     "side events is put beside what is for all. What stays or finds no place is named, with the reason. Changes nothing.",
     "convene place programme 2026-SWG-1 --output placed.json", cli_place_programme},
    {"place accept", "Plan", "FILE", 1, 1, "move what a file of `place plan` or `place programme` says: all or none",
     place_accept_flags, "Refused if one of the events has changed since the search.",
     "convene place accept placed.json", cli_place_accept},
    {"place fit", "Plan", "EVENT", 1, 1, "the best days for one event, in the plan as it is", place_fit_flags, NULL,
     "convene place fit 2026-SWG-1 --count 5", cli_place_fit},
    {"why", "Look", "EVENT[/SESSION] [DATE|START]", 1, 2,
     "which rules speak against an event's day or a session's time, or against another one", why_flags, NULL,
     "convene why 2026-SWG-1\nconvene why 2026-SWG-1 2026-03-21\nconvene why 2026-SWG-1/S2 2026-05-11T14:00 --room "
     "PALACE/A",
     cli_why},

    {"room set", "Plan", "VENUE/ROOM", 1, 1, "make a room of a venue, or replace it", room_set_flags,
     "Sessions that are in it stay; the programme shows what does not fit any more.",
     "convene room set PALACE/A --seats 120 --booths 2 --features hybrid,nameplates --turnaround 15\n"
     "convene room set PALACE/B --seats 20 --available 2026-05-11T08:00/2026-05-11T18:00",
     cli_room_set},
    {"session set", "Plan", "EVENT/SESSION", 1, 1, "make a session, or change what the flags say of it",
     session_set_flags, "What forbids it refuses it (exit status 5); what else speaks against it is said.",
     "convene session set 2026-SWG-1/S1 --title Opening --kind opening --minutes 60 --start 2026-05-11T09:30 --room "
     "PALACE/A --chair AZ-1:AZ",
     cli_session_set},
    {"session place", "Plan", "EVENT/SESSION [START]", 1, 2, "give a session another time and room, or none",
     session_place_flags, NULL,
     "convene session place 2026-SWG-1/S1 2026-05-11T10:00 --room PALACE/B\nconvene session place 2026-SWG-1/S1 --off",
     cli_session_place},
    {"session cancel", "Plan", "EVENT/SESSION", 1, 1, "take a session off the programme for good", reason_flags, NULL,
     "convene session cancel 2026-SWG-1/S1 --reason 'Taken into the plenary'", cli_session_cancel},
    {"release make", "Plan", "EVENT|PLAN NAME", 2, 2, "release a programme, or the plan in force, under a name",
     release_flags, "Refused while a rule is broken that blocks a release; says which.",
     "convene release make 2026-SWG-1 V1 --note 'First programme'\nconvene release make 2026-cbm JANUARY",
     cli_release_make},
    {"rule set", "Plan", "RULE", 1, 1, "change what a rule does at an edit, or its weight", rule_set_flags,
     "A1, B1 and B2 stay forbidden: the database itself keeps them.", "convene rule set B15 --effect ignore",
     cli_rule_set},

    {"decision open", "Decide", "DECISION", 1, 1, "open a silence procedure", decision_open_flags,
     "The text is adopted at the instant of --until unless a member objects or amends in writing before.",
     "convene decision open 2026-D-1 --subject plan --about 2026-cbm --title 'Plan for 2026' --text @plan.txt --until "
     "2025-12-05T18:00 --zone Asia/Almaty",
     cli_decision_open},
    {"decision object", "Decide", "DECISION", 1, 1, "object in writing: breaks the silence", statement_flags, NULL,
     "convene decision object 2026-D-1 --as focal-kz --party KZ --text 'Item 7 is not agreed.'", cli_decision_object},
    {"decision amend", "Decide", "DECISION", 1, 1, "propose an amendment: breaks the silence", statement_flags, NULL,
     "convene decision amend 2026-D-1 --as focal-kz --party KZ --text @amendment.txt", cli_decision_amend},
    {"decision explain", "Decide", "DECISION", 1, 1, "attach an explanation to an adopted text", statement_flags, NULL,
     "convene decision explain 2026-D-1 --as focal-kz --party KZ --text 'We read item 7 so: ...'",
     cli_decision_explain},
    {"decision reserve", "Decide", "DECISION", 1, 1, "attach a reservation to an adopted text", statement_flags, NULL,
     "convene decision reserve 2026-D-1 --as focal-kz --party KZ --text @reservation.txt", cli_decision_reserve},
    {"decision retract", "Decide", "DECISION", 1, 1, "take a silence procedure back", reason_flags, NULL,
     "convene decision retract 2026-D-1 --reason 'A wrong figure in item 7'", cli_decision_retract},
    {"decision take", "Decide", "DECISION", 1, 1, "record a decision taken in session, with its quorum",
     decision_take_flags, "Two thirds of the members must have been present.",
     "convene decision take 2026-D-2 --subject document --title 'Rules' --text @rules.txt --meeting 2026-SOC-1 "
     "--present AZ,CN,KZ",
     cli_decision_take},

    {"decision list", "Look", "", 0, 0, "decisions, with filters; how long silence still runs", decision_list_flags,
     NULL, "convene decision list --state open", cli_decision_list},
    {"decision show", "Look", "DECISION", 1, 1, "one decision: its text, and what members stated", NULL, NULL,
     "convene decision show 2026-D-1", cli_decision_show},
    {"plan list", "Look", "", 0, 0, "versions of plans, with filters", plan_list_flags, NULL,
     "convene plan list --year 2026", cli_plan_list},
    {"plan show", "Look", "", 0, 0, "the plan by status and dimension", plan_flags, NULL,
     "convene plan show --year 2025", cli_plan_show},
    {"room list", "Look", "", 0, 0, "rooms of all venues", NULL, NULL, "convene room list", cli_room_list},
    {"programme", "Look", "EVENT", 1, 1, "an event's sessions in the order of time, and what speaks against each",
     programme_flags, "Exit status 0 also where rules are broken; --json has all of them.",
     "convene programme 2026-SWG-1\nconvene programme 2026-SWG-1 --output programme.xml", cli_programme},
    {"release list", "Look", "", 0, 0, "releases of programmes and plans", NULL, NULL, "convene release list",
     cli_release_list},
    {"plan changes", "Look", "RELEASE RELEASE", 2, 2, "what changed from one release to another", NULL, NULL,
     "convene plan changes 2026-SWG-1/V1 2026-SWG-1/V2", cli_plan_changes},
    {"rule list", "Look", "", 0, 0, "the rules of plans (A) and programmes (B), as they are now", NULL, NULL,
     "convene rule list", cli_rule_list},
    {"event list", "Look", "", 0, 0, "events, with filters", event_list_flags, NULL,
     "convene event list --year 2025 --status open", cli_event_list},
    {"event show", "Look", "EVENT", 1, 1, "one event: facts, registration rules, answers by party", event_show_flags,
     NULL, "convene event show 2025-SWG-2\nconvene event show 2025-SWG-2 --history --json", cli_event_show},
    {"delegation show", "Look", "EVENT/PARTY", 1, 1, "one party at one event: answer and seats", NULL, NULL,
     "convene delegation show 2025-SWG-2/KZ", cli_delegation_show},
    {"delegation history", "Look", "EVENT/PARTY[/NUMBER]", 1, 1, "who changed what of its persons, and when", NULL,
     "Personal data: with a key of the secretariat (the default) or of the party's focal point.",
     "convene delegation history 2025-SWG-2/KZ\nconvene delegation history 2025-SWG-2/KZ/3 --as focal-kz",
     cli_delegation_history},
    {"delegation answers", "Look", "EVENT/PARTY", 1, 1, "its persons, and what they answered to the event's form", NULL,
     "Personal data: with a key of the secretariat (the default) or of the party's focal point.",
     "convene delegation answers 2025-SWG-2/KZ --as focal-kz", cli_delegation_answers},
    {"form show", "Look", "EVENT", 1, 1, "what an event asks of those who register, and places taken of its choices",
     NULL, NULL, "convene form show 2025-SWG-2", cli_form_show},
    {"person export", "Look", "EVENT/PARTY/NUMBER", 1, 1, "all that is held of one person, as JSON", NULL,
     "What was registered under the number, by whom and when, identity documents, consents, the notices to the "
     "person and the delegation, and for the secretariat who has read any of it. Personal data: with a key of the secretariat (the "
     "default) or of the party's focal point.",
     "convene person export 2025-SWG-2/KZ/3 > held.json", cli_person_export},
    {"person consents", "Look", "EVENT[/PARTY[/NUMBER]]", 1, 1, "what persons agreed to, and until when", NULL,
     "Also those that have ended, for as long as readings are kept. A consent is recorded by "
     "registration.consent.put and ended by registration.consent.withdraw; where it is the one to take part, the "
     "person's data go with it. With a key of the secretariat (the default) or of the party's focal point.",
     "convene person consents 2025-SWG-2/KZ\nconvene request consent.put --set event=2025-SWG-2 --set party=KZ --set "
     "number=3 --set purpose=participation --set text=privacy-2026-1 --set until=2026-12-31",
     cli_person_consents},
    {"person accesses", "Look", "EVENT[/PARTY[/NUMBER]]", 1, 1, "who has read whose personal data, and when", NULL,
     "Every answer with names, histories, documents, consents, badge tokens or scans is recorded before it leaves. "
     "Of one person: also what was read of the whole party or event. Only for the secretariat.",
     "convene person accesses 2025-SWG-2/KZ\nconvene person accesses 2025-SWG-2/KZ/3 --json", cli_person_accesses},
    {"registration export", "Look", "EVENT[/PARTY]", 1, 1, "who takes part: a list of delegations, as a file",
     export_flags,
     "Delegations in the English alphabetical order of their parties' names; within one the head first, then by "
     "capacity, then by\n"
     "name. With a key of the secretariat (the default) all; with a focal point's key its own party must be named. "
     "Others see counts:\n"
     "`convene event show`. In CSV a cell that a spreadsheet would run as a formula begins with a ': registration "
     "import takes it away.",
     "convene registration export 2025-SWG-2 --output delegates.csv\n"
     "convene registration export 2025-SWG-2 --output list.pdf\n"
     "convene registration export 2025-SWG-2/KZ --as focal-kz --format json",
     cli_registration_export},
    {"fetch", "Look", "STREAM", 1, 1, "records of a stream, as JSON lines", fetch_flags,
     "Streams: scheduling.events, registration.events, notifications.events; registration.private with a service's key "
     "only.",
     "convene fetch registration.events --limit 10\nconvene fetch scheduling.events --follow", cli_fetch},

    {"notice log", "Notices", "[PARTY | EVENT/PARTY]", 0, 1,
     "whether a party got its notices, when, and over which channel", NULL,
     "Each notice over each channel: a file in the outbox, a mail server, a webhook. --json has every attempt that is kept.\n"
     "With a focal point's key: its own party. Addresses are for these, the secretariat and operators.",
     "convene notice log MN\nconvene notice log 2025-SWG-2/MN --json", cli_notice_log},
    {"notice dead", "Notices", "", 0, 0, "notices that were given up, and why", NULL, NULL, "convene notice dead",
     cli_notice_dead},
    {"notice redrive", "Notices", "[NUMBER...]", 0, 100, "send dead letters again", redrive_flags,
     "Before, mend what they died of; `convene notice dead` says what that was.",
     "convene notice redrive 17 18\nconvene notice redrive --all", cli_notice_redrive},
    {"notice bounce", "Notices", "FILE...", 1, 100, "report mails that came back, as they are in these files",
     bounce_flags,
     "Each file is one mail, - standard input: a delivery status notification (RFC 3464) or a complaint (RFC 5965) about a\n"
     "message of ours. After a hard bounce or a complaint no more mail goes to that address: `recipient contacts` shows whose\n"
     "it is. Reported twice is reported once. With a key of the secretariat (the default) or of a service.",
     "convene notice bounce ~/Maildir/new/*\n"
     "convene notice bounce - --as bounces < report.eml\n"
     "convene notice bounce report.eml --dry-run",
     cli_notice_bounce},
    {"recipient contacts", "Notices", "[PARTY]", 0, 1, "who cannot be reached, and since when", NULL,
     "Contacts are the party's recipients, by their order, and those that its delegations name, by the event.",
     "convene recipient contacts\nconvene recipient contacts MN --json", cli_recipient_contacts},
    {"recipient clear", "Notices", "PARTY ORDER", 2, 2, "mail goes to a contact's address again", NULL,
     "For an address that was mended: one that is changed needs it not. ORDER 0: all contacts that the party's delegations\n"
     "name. What is dead is sent by `notice redrive`; what waits for somebody to write to leaves by itself.",
     "convene recipient clear MN 1", cli_recipient_clear},
    {"recipient confirm", "Notices", "PARTY ORDER", 2, 2, "a recipient is still the right one", NULL,
     "Answers the question that notifications/ping asks now and then; with a key of the party, or of the secretariat.",
     "convene recipient confirm MN 1", cli_recipient_confirm},
    {"webhook list", "Notices", "[PARTY]", 0, 1, "where notices are posted to", NULL, NULL, "convene webhook list MN",
     cli_webhook_list},
    {"webhook set", "Notices", "PARTY URL", 2, 2, "post a party's notices to an address", webhook_flags,
     "Requests are signed by Standard Webhooks 1.0. One that answered 410 is off until it is set again.",
     "convene webhook set MN https://desk.example/convene", cli_webhook_set},
    {"webhook remove", "Notices", "PARTY", 1, 1, "take a webhook away", webhook_flags, NULL,
     "convene webhook remove MN --order 2", cli_webhook_remove},
    {"webhook secret", "Notices", "PARTY", 1, 1, "show the secret of a webhook, once", webhook_flags,
     "The first line is for v1 (HMAC-SHA256), the second the public key for v1a (Ed25519); a receiver needs one of them.",
     "convene webhook secret MN", cli_webhook_secret},
    {"webhook rotate", "Notices", "PARTY", 1, 1, "another secret signs from now on", webhook_rotate_flags, NULL,
     "convene webhook rotate MN --overlap 7d", cli_webhook_rotate},

    {"badge", "Badges", "EVENT [PARTY [NUMBER]]", 1, 3, "print badges, as PDF or PNG", badge_flags,
     "Those who have a badge, see `badge issue`. The token in the QR code is signed each time it is printed, by the "
     "key\n"
     "in use then. Personal data: with a key of the secretariat (the default) or of the party's focal point. A file "
     "is\n"
     "written whole or not at all.",
     "convene badge 2025-SWG-2 --output badges.pdf\nconvene badge 2025-SWG-2 KZ --as focal-kz\n"
     "convene badge 2025-SWG-2 KZ 3 --format png --output kz-3.png",
     cli_badge},
    {"badge open", "Badges", "EVENT", 1, 1, "say from when until when badges of an event are good", badge_open_flags,
     "Badges are issued after it. Said again, it holds for those issued from then on.",
     "convene badge open 2025-SWG-2 --from 2025-11-27T04:00:00Z --until 2025-11-28T18:00:00Z", cli_badge_open},
    {"badge issue", "Badges", "EVENT [PARTY [NUMBER...]]", 1, 66, "give badges to those who have a seat", NULL,
     "Who has one keeps it.", "convene badge issue 2025-SWG-2\nconvene badge issue 2025-SWG-2 KZ 3", cli_badge_issue},
    {"badge revoke", "Badges", "EVENT PARTY NUMBER...", 3, 66, "take badges back: lost ones, for instance",
     reason_flags, "Withdrawing or substituting a person does it by itself. Gates know it when they next sync.",
     "convene badge revoke 2025-SWG-2 KZ 3 --reason 'Lost on the way'", cli_badge_revoke},
    {"badge list", "Badges", "EVENT[/PARTY]", 1, 1, "which badges there are, without names", NULL, NULL,
     "convene badge list 2025-SWG-2/KZ", cli_badge_list},
    {"badge keys", "Badges", "", 0, 0, "the keys that sign badges", NULL, NULL, "convene badge keys", cli_badge_keys},
    {"badge key rotate", "Badges", "", 0, 0, "another key signs badges from now on", badge_rotate_flags,
     "Badges signed before stay good. Gates must sync before they see one that the new key signed.",
     "convene badge key rotate\nconvene badge key rotate --until 2025-12-01T00:00:00Z", cli_badge_key_rotate},
    {"badge key revoke", "Badges", "KEY", 1, 1, "what this key signed is good no more", reason_flags,
     "For a key that has leaked. Print the badges anew; nothing has to be issued.",
     "convene badge key revoke 2893475123 --reason 'The disk was stolen'", cli_badge_key_revoke},
    {"recipient preferences", "Notices", "[PARTY]", 0, 1, "how and when parties want to be told", NULL, NULL,
     "convene recipient preferences MN\nconvene recipient preferences --json", cli_recipient_preferences},
    {"recipient prefer", "Notices", "PARTY KIND MODE", 3, 3, "how messages of a kind leave to a party", prefer_flags,
     "KIND is decision, promotion, lapse, event_change, opening, reminder, silence or all. MODE is at_once; daily or weekly: in a\n"
     "digest; webhook: no message where a webhook has it; none; default: no preference any more. What is urgent does not "
     "wait,\nand what concerns the party's own registration or a silence procedure is not left out.",
     "convene recipient prefer MN all daily\nconvene recipient prefer MN reminder none --order 1",
     cli_recipient_prefer},
    {"recipient hours", "Notices", "PARTY", 1, 1, "quiet hours of a party's people, and when digests are made",
     hours_flags, "Sets all of it anew. Times are those of a clock on their wall.",
     "convene recipient hours MN --zone Asia/Ulaanbaatar --quiet 20:00-07:00 --digest-at 08:30\n"
     "convene recipient hours MN --remove",
     cli_recipient_hours},
    {"notice rules", "Notices", "", 0, 0, "who is told of what, and when whom is reminded", NULL,
     "Rules are data: `notice tell` and `notice remind` set them.", "convene notice rules", cli_notice_rules},
    {"notice tell", "Notices", "KIND AUDIENCE on|off", 3, 3, "whether an audience is told of a kind of news", NULL,
     "KIND is decision, promotion, lapse, event_change, opening, silence or reminder. AUDIENCE is delegation, person, declined,\n"
     "unanswered, members, proposer, coordinators or secretariat. What somebody must know cannot be switched off.",
     "convene notice tell event_change secretariat on\nconvene notice tell event_change coordinators off",
     cli_notice_tell},
    {"notice remind", "Notices", "RULE ANCHOR HOURS", 3, 3, "set a rule of reminders", remind_flags,
     "ANCHOR is what it is before: start, registration, nomination, confirmation, silence or report. Without --for those\n"
     "are reminded whose deadline it is.",
     "convene notice remind start_2h start 2\nconvene notice remind desks start 48 --for coordinators\n"
     "convene notice remind start_7d start 168 --off",
     cli_notice_remind},
    {"notice preview", "Notices", "[SAMPLE]", 0, 1, "what a notice says, made from sample records", preview_flags,
     "Works without services. Without SAMPLE it lists the samples: at least one of each kind of notice.",
     "convene notice preview\nconvene notice preview decision --language ru\n"
     "convene notice preview event_change --format mime > change.eml",
     cli_notice_preview},
    {"notice languages", "Notices", "[LANGUAGE]", 0, 1, "which languages notices can be in, and how complete each is",
     languages_flags,
     "Works without services. With LANGUAGE it prints a catalogue with all words, for a translator: gettext's .po, with what\n"
     "there is in that language. What is missing is said in English.",
     "convene notice languages\nconvene notice languages kk > kk.po\nconvene notice languages --catalogues .",
     cli_notice_languages},
    {"attendance", "Badges", "EVENT[/PARTY]", 1, 1, "who came, by party, and what was odd", attendance_flags,
     "Counts, from the scans that gates have told. --scans shows each of them, with a key of the secretariat or the\n"
     "party's focal point. What a scan is taken for is said in proto/README.md, section 13.",
     "convene attendance 2025-SWG-2\nconvene attendance 2025-SWG-2/KZ --scans", cli_attendance},
    {"gate init", "Badges", "FILE", 1, 1, "make a gate's file, and fill it with keys and revocations", gate_init_flags,
     "One file is one gate: never copy it to a second one. With the key of --as, else the one named like the gate.",
     "convene keys add gate-north --role gate\nconvene gate init north.gate --event 2025-SWG-2 --gate gate-north",
     cli_gate_init},
    {"gate scan", "Badges", "FILE [TOKEN...]", 1, 1000, "verify badges, without a network", gate_scan_flags,
     "Tokens are arguments, or lines of standard input: a scanner that is a keyboard. Each is on disk before the "
     "answer\n"
     "is printed. Exit status: 0 all were admitted; 3 some; 5 none.",
     "convene gate scan north.gate\nconvene gate scan north.gate --out --json", cli_gate_scan},
    {"gate sync", "Badges", "FILE", 1, 1, "tell the scans, and bring keys and revocations up to date", NULL,
     "Interrupted anywhere, do it again: each scan is taken once.", "convene gate sync north.gate", cli_gate_sync},
    {"gate status", "Badges", "FILE", 1, 1, "what a gate knows, how old that is, and what it has not told yet", NULL,
     NULL, "convene gate status north.gate", cli_gate_status},

    {"keys make", "Keep", "", 0, 0, "make the keys that a first start needs", keys_make_flags,
     "registration, scheduling, notifications (role service), operator, secretariat, publisher, observer, dashboard "
     "(role observer). What is "
     "there stays.",
     "convene keys make", cli_keys_make},
    {"keys add", "Keep", "NAME", 1, 1, "make one more key", keys_add_flags,
     "Services see it within two seconds; at SIGHUP at once.",
     "convene keys add focal-kz\nconvene keys add website --role publisher", cli_keys_add},
    {"keys list", "Keep", "", 0, 0, "who may come in", NULL, NULL, "convene keys list --json", cli_keys_list},
    {"keys rotate", "Keep", "NAME", 1, 1, "give a principal a new key", keys_rotate_flags,
     "Until the overlap ends both keys are good, so that each program can be given the new file and started again "
     "in its time.\n"
     "A key that was stolen: --overlap 0. A rotation that was interrupted is brought to its end by the same command.",
     "convene keys rotate portal --overlap 7d\nconvene keys rotate focal-kz --overlap 0", cli_keys_rotate},
    {"keys revoke", "Keep", "NAME", 1, 1, "take a principal out", keys_revoke_flags,
     "Within two seconds services drop what comes on connections that are open, and close them. The files are kept in "
     "revoked/.",
     "convene keys revoke portal\nconvene keys revoke portal --former", cli_keys_revoke},
    {"keys share", "Keep", "DIR", 1, 1, "give each program the keys it needs, and no more", NULL,
     "For each directory DIR/NAME: NAME.secret, and in allow/ all certificates if NAME is a service, else those of "
     "the\n"
     "services. What is unchanged stays, certificates that are gone are taken away. Services see the change within two "
     "seconds.",
     "mkdir -p /srv/keys/portal && convene keys share /srv/keys", cli_keys_share},
    {"dashboard link", "Keep", "", 0, 0,
     "a link to the desk, where names are shown, for a focal point or the secretariat", dashboard_link_flags,
     "--as says whose it is. It signs in once, whoever has it; the session ends with the link's time, at sign-out,\n"
     "by `dashboard revoke`, `dashboard rotate` or `keys revoke`. Focal points see their own party's persons, the secretariat all. Needs the setting\n"
     "dashboard/desk and a key for the desk: `convene keys add dashboard-desk --role service`.",
     "convene dashboard link --as focal-kz --hours 8\nconvene dashboard link --as secretariat --url "
     "https://desk.example.org",
     cli_dashboard_link},
    {"dashboard sessions", "Keep", "", 0, 0, "who is signed in to the desk, since and until when", dashboard_desk_flags,
     "Asks the desk, with the key that signs links (dashboard/link_key).",
     "convene dashboard sessions\nconvene dashboard sessions --json", cli_dashboard_sessions},
    {"dashboard revoke", "Keep", "[NAME]", 0, 1, "end somebody's sessions at the desk, and their links",
     dashboard_revoke_flags,
     "At once, links that were not used yet included; their key stays good. Another link can be made right after.",
     "convene dashboard revoke focal-kz\nconvene dashboard revoke --all", cli_dashboard_revoke},
    {"dashboard rotate", "Keep", "", 0, 0, "another key signs links to the desk: all links and sessions end", NULL,
     NULL, "convene dashboard rotate", cli_dashboard_rotate},
    {"backup", "Keep", "SERVICE FILE", 2, 2, "copy a service's database while it runs", NULL,
     "FILE is made by the service, on its machine; it must not exist. Operator only.",
     "convene backup registration /srv/backup/registration.db", cli_backup},
    {"restore", "Keep", "SERVICE FILE", 2, 2, "put a backup in place of a stopped service's database", NULL,
     "The old database is kept beside it. The streams begin a new epoch: followers go on, or take a snapshot.",
     "convene restore registration /srv/backup/registration.db", cli_restore},

    {"audit verify", "Keep", "", 0, 0, "whether anything that was acknowledged is missing or was changed", audit_flags,
     "Reads every stream from its beginning: chains without a hole up to the head, a remembered decision behind each "
     "record,\n"
     "no request decided twice; and whether each outcome in FILE is remembered to the letter. Changes nothing.\n"
     "Exit status: 0 only if nothing was found; 1 if something was.",
     "convene audit verify\nconvene audit verify --acknowledged outcomes.jsonl --json", cli_audit_verify},
    {"audit view", "Keep", "", 0, 0, "whether what the dashboard shows is what the services' logs say",
     audit_view_flags,
     "Takes the view and the positions it is of from the dashboard, makes it again from the logs up to those "
     "positions\n"
     "and compares: entities, feed, hash. Changes nothing. Exit status: 0 only if nothing was found; 1 if something "
     "was.",
     "convene audit view\nconvene audit view --url http://127.0.0.1:24180 --json", cli_audit_view},

    {"help", "Help", "[TOPIC]", 0, 2, "help about a command, exit-codes, config or requests", NULL,
     "man prints the manual page convene(1), completion what bash completes by; both are installed with the program.",
     "convene help request\nconvene help exit-codes", cli_help},
    {NULL, NULL, NULL, 0, 0, NULL, NULL, NULL, NULL, NULL},
};
