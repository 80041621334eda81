# oracle: what must be true of a registration service after anything, from the acknowledged outcomes and the stream alone.
# SPDX-License-Identifier: Apache-2.0
"""Oracle keeps its own list of what was acknowledged, with the octets, and judges a whole stream by it. SeatModel is an
independent, straightforward seat rule: it counts, and says what each decision has to be where the rule leaves no choice."""
import collections
import threading

import cvwire


class SeatModel:
    """Seats of one event, replayed record by record.

    With c confirmed of a party, G guaranteed to it and `free = capacity - sum of max(G, c)` over all parties that may come: a
    person is confirmed if c < G, or if free > 0 and c < maximum; else waits, if there is a list; else is refused."""

    def __init__(self, rules, parties):
        self.rules, self.parties = rules, parties
        self.state = {}  # (party, number) -> state
        self.counts = collections.Counter()  # state, and (party, state): how many of `state` there are; changed with it alone

    def guaranteed(self, party):
        for quota in self.rules.get("quotas", []):
            if quota["party"] == party:
                return quota["guaranteed"]
        return self.rules["guaranteed"]

    def maximum(self, party):
        for quota in self.rules.get("quotas", []):
            if quota["party"] == party:
                return quota["maximum"]
        return self.rules["maximum"]

    def put(self, key, state):
        """state None: it is there no more."""
        before = self.state.pop(key, None)
        for one, by in ((before, -1), (state, 1)):
            if one is not None:
                self.counts[one] += by
                self.counts[key[0], one] += by
        if state is not None:
            self.state[key] = state

    def count(self, state, party=None):
        return self.counts[state if party is None else (party, state)]

    def free(self):
        return self.rules["capacity"] - sum(max(self.guaranteed(p), self.count("confirmed", p)) for p in self.parties)

    def may_have(self, party):
        own = self.count("confirmed", party)
        return own < self.guaranteed(party) or (self.free() > 0 and own < self.maximum(party))

    def expect(self, party, persons):
        """States a request of `persons` persons must get, each decided alone, on an event without a waiting list."""
        expected, numbers = [], []
        for i in range(persons):
            expected.append("confirmed" if self.may_have(party) else "refused")
            numbers.append((party, -1 - i))
            self.put(numbers[-1], expected[-1])
        for number in numbers:
            self.put(number, None)
        return expected

    def set(self, party, places):
        for place in places:
            self.put((party, place["number"]), place["state"])

    def withdraw_all(self, party):
        for key in [k for k in self.state if k[0] == party and self.state[k] != "refused"]:
            self.put(key, "withdrawn")

    def wrong(self, party, seats):
        """What is wrong now with these seats of a record, or with the sums themselves; None when all is right."""
        capacity = self.rules["capacity"]
        found = {"capacity": capacity, "confirmed": self.count("confirmed"), "waiting": self.count("waiting"), "free": max(0, self.free()),
                 "party_maximum": self.maximum(party), "party_confirmed": self.count("confirmed", party),
                 "party_waiting": self.count("waiting", party)}
        if found["confirmed"] > capacity:
            return f"oversold: {found}"
        if found["party_confirmed"] > self.maximum(party):
            return f"{party} has more than its most: {found}"
        told = {k: v for k, v in (seats or {}).items() if k in found}
        return f"told {told}, counted {found}" if seats is not None and told != found else None


class Oracle:
    """Acknowledged outcomes and the requests they answer, from several threads."""

    def __init__(self):
        self._lock = threading.Lock()
        self.requests = {}  # id -> (kind, data)
        self.acknowledged = {}  # id -> octets
        self.places = {}  # (event, party) -> {number: state} as last told

    def asked(self, request_id, kind, data):
        with self._lock:
            self.requests[request_id] = (kind, data)

    def answered(self, outcome):
        """Notes an outcome; says what is wrong with it."""
        if outcome.klass not in cvwire.DECIDED:
            return
        with self._lock:
            before = self.acknowledged.setdefault(outcome.id, outcome.raw)
            if before != outcome.raw:
                raise AssertionError(f"{outcome.id} was decided twice: {cvwire.unpack(before)} and {outcome.message}")
            decision = outcome.data.get("decision", {})
            if "party" in decision:
                places = self.places.setdefault((decision.get("event"), decision["party"]), {})
                for person in decision.get("persons", []):
                    places[person["number"]] = person["state"]

    def numbers(self, event, party, states=("confirmed", "waiting")):
        with self._lock:
            return [n for n, s in self.places.get((event, party), {}).items() if s in states]

    def judge(self, records, rules, parties, exact=()):
        """Everything the stream registration.events must fulfil. Returns a list of complaints; `exact` names events whose
        every decision the model can foretell."""
        complaints, decided, private = [], {}, 0
        models = {event: SeatModel(r, parties) for event, r in rules.items()}
        for sequence, record in enumerate(records, 1):
            message = cvwire.unpack(record)
            data, kind = message["data"], message["type"].split(".")[2]
            where = f"record {sequence}"
            if data["private_seq"] < private:
                complaints.append(f"{where}: private_seq went back from {private} to {data['private_seq']}")
            private = data["private_seq"]
            model = models.get(data["event"])
            if kind == "decided":
                request = data["request"]
                if request in decided:
                    complaints.append(f"{where}: {request} was decided before, in record {decided[request]}")
                decided[request] = sequence
                if request not in self.requests:
                    complaints.append(f"{where}: nobody asked {request}")
                elif model:
                    complaints += self._judge_decision(where, request, data, model, data["event"] in exact)
            if model and not (kind == "decided" and data["class"] == "REJECTED" and "persons" not in data):
                model.set(data["party"], data.get("persons", []))
                if kind == "decided" and data["kind"] == "withdraw" and "persons" not in self.requests.get(data["request"], ("", {}))[1]:
                    model.withdraw_all(data["party"])  # a record names 64 persons at most
            if model:
                wrong = model.wrong(data["party"], data.get("seats"))
                if wrong:
                    complaints.append(f"{where} ({kind} {data.get('code', data.get('cause'))}): {wrong}")
            if len(complaints) > 20:
                break
        for request, octets in self.acknowledged.items():
            complaints += self._judge_acknowledged(request, cvwire.unpack(octets), decided, records)
        return complaints[:30]

    def _judge_decision(self, where, request, data, model, exact):
        kind, asked = self.requests[request]
        if (asked["event"], asked["party"]) != (data["event"], data["party"]) or kind.split(".")[1] != data["kind"]:
            return [f"{where}: {request} asked {kind} {asked['event']}/{asked['party']}, decided {data['kind']} {data['event']}/{data['party']}"]
        if exact and data["kind"] == "register":
            expected = model.expect(data["party"], len(asked["persons"]))
            got = [p["state"] for p in data.get("persons", [])] or ["refused"] * len(asked["persons"])  # none had a place
            if got != expected:
                return [f"{where}: {data['code']}: {data['party']} got {got}, must get {expected}"]
        return []

    @staticmethod
    def _judge_acknowledged(request, outcome, decided, records):
        data = outcome["data"]
        if not (data.get("stream") or "").startswith("registration."):
            return []
        if request not in decided:
            return [f"lost: {request} was acknowledged as {data['class']} {data['code']}, and no record tells it"]
        record = cvwire.unpack(records[decided[request] - 1])["data"]
        complaints = []
        if data["sequence"] != decided[request]:
            complaints.append(f"sequence: the outcome of {request} names record {data['sequence']}, it is in {decided[request]}")
        told = data.get("decision", {})
        same = [("class", data["class"], record["class"]), ("code", data["code"], record["code"]), ("seats", told.get("seats"), record.get("seats")),
                ("persons", [{k: v for k, v in p.items() if k != "rule"} for p in told.get("persons", [])], record.get("persons", []))]
        complaints += [f"{request}: {what} is {a} in the outcome, {b} in the record" for what, a, b in same if a != b]
        return complaints
