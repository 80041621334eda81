# world: what most tests need before they begin: parties, and events that take registrations.
# SPDX-License-Identifier: Apache-2.0
import cvwire
from clients import Refused
from deployment import wait_for

PARTIES = (("KZ", "member", "Kazakhstan"), ("AZ", "member", "Azerbaijan"), ("TR", "member", "Türkiye"), ("UZ", "member", "Uzbekistan"),
           ("BY", "observer_state", "Belarus"), ("OSCE", "observer_org", "Organization for Security and Co-operation in Europe"))
HOUR = 3_600_000


def decide(publisher, kind, data, **attributes):
    """A request that has to be accepted."""
    outcome = publisher.ask(kind, data, **attributes)
    assert outcome.klass == "OK", (kind, data, outcome.data)
    return outcome


def put_parties(publisher, parties=PARTIES):
    for code, kind, name in parties:
        decide(publisher, "scheduling.party.put", {"code": code, "kind": kind, "name": name})


def rules(capacity, guaranteed=0, maximum=None, waiting="none", group="each", opens=-HOUR, closes=24 * HOUR, **more):
    """Data of scheduling.event.registration without the event; opens and closes count from now."""
    now = cvwire.now_ms()
    return {"capacity": capacity, "guaranteed": guaranteed, "maximum": maximum or max(1, capacity), "waiting": waiting, "group": group,
            "opens_ms": now + opens, "closes_ms": now + closes, **more}


def make_event(publisher, event, registration=None, date="2030-05-14"):
    """An event that is scheduled and, with rules, takes registrations. Returns the last outcome."""
    outcome = decide(publisher, "scheduling.event.propose", {
        "event": event, "title": f"Meeting {event}", "plan_year": int(date[:4]), "line": "cbm", "date_start": date, "date_end": date,
        "precision": "day"})
    for status in ("circulated", "adopted", "scheduled"):
        outcome = decide(publisher, "scheduling.event.advance", {"event": event, "to": status})
    if registration:
        outcome = decide(publisher, "scheduling.event.registration", {"event": event, **registration})
    return outcome


def persons(count, first="delegate", name="Person", **more):
    return [{"name": f"{name} {i + 1}", "capacity": first if i == 0 else "delegate", **more} for i in range(count)]


def delegation(event, party, count=1, contact=True, **more):
    """Data of registration.register."""
    data = {"event": event, "party": party, "persons": persons(count, name=f"{party} person")}
    if contact:
        data["contact"] = {"name": f"Desk of {party}", "email": f"desk@{party.lower()}.example"}
    data.update(more)
    return data


def seats(deployment, event, who="office"):
    """registration.seats of an event, or None while registration has not heard of it."""
    found = [m["data"] for m in deployment.log("registration", who).query("events")]
    return next((s for s in found if s["event"] == event), None)


def wait_open(deployment, event):
    """Until registration knows the event as open, with rules."""
    return wait_for(lambda: (s := seats(deployment, event)) and s["status"] == "open" and s, f"{event} open at registration")


def open_event(deployment, publisher, event, registration, parties=None):
    if parties is not None:
        put_parties(publisher, parties)
    make_event(publisher, event, registration)
    return wait_open(deployment, event)


def dispatches(deployment, key=None, what="dispatches", who="office"):
    """What became of notices; nothing while notifications has not heard of the party or the event yet."""
    try:
        return [m["data"] for m in deployment.log("notifications", who).query(what, key)]
    except Refused as refused:
        if refused.code != "NOTFOUND":
            raise
        return []


def notice_states(deployment):
    """Of each notice, the states that notifications.events tells, in order. What was read before is not read again."""
    position, states = getattr(deployment, "_notices", (cvwire.Position(), {}))
    try:
        records, position = deployment.log("notifications", "mirror").stream("notifications.events", position)
    except Refused:  # another history
        states = {}
        records, position = deployment.log("notifications", "mirror").stream("notifications.events")
    for record in records:
        data = cvwire.unpack(record)["data"]
        states.setdefault(data["notice"], []).append(data["state"])
    deployment._notices = (position, states)  # pylint: disable=protected-access
    return states


def wait_notices(deployment, deadline=None):
    """Until every notice there is has been written, or has nothing to tell any more, and says so."""
    deployment.wait_settled(deadline)
    def unended(states):
        return [notice for notice, told in states.items() if told[-1] not in ("written", "silenced")]
    return wait_for(lambda: (s := notice_states(deployment)) and not unended(s) and s,
                    lambda: f"notices to be written: {unended(notice_states(deployment))[:5]}", deadline)
