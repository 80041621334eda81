#!/usr/bin/python3
# What a reviewer says reaches the delegation in its own notice, and nobody else: not on the stream that all may read, not
# after the person is erased.
# SPDX-License-Identifier: Apache-2.0
# ctest-labels: notifications
import email
import email.policy
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import world
from deployment import Case, main, wait_for

REASON = "The passport of person 2, N. Surname, is missing"


class ReviewNotice(Case):
    def setUp(self):
        self.d = self.deployment("ipc")
        self.office = self.d.publisher("office")
        world.put_parties(self.office)
        world.open_event(self.d, self.office, "E1", {**world.rules(5), "approval": "secretariat"})

    def path_of(self, outcome):
        head = self.d.head("registration", "registration.events")
        return os.path.join(self.d.outbox, f"registration.events.{head['epoch'].hex()}.{outcome.data['sequence']}.KZ.eml")

    def told(self, outcome):
        """Subject and text of the notice of a decision."""
        path = self.path_of(outcome)
        wait_for(lambda: os.path.exists(path), path)
        with open(path, "rb") as file:
            message = email.message_from_binary_file(file, policy=email.policy.default)
        return message["Subject"], message.get_body(("plain",)).get_content()

    def review(self, **data):
        return world.decide(self.office, "registration.review", {"event": "E1", "party": "KZ", **data})

    def test_the_reason_reaches_the_delegation_alone(self):
        subject, text = self.told(world.decide(self.office, "registration.register", world.delegation("E1", "KZ", 2)))
        self.assertTrue(subject.startswith("Registration under review: "), subject)
        self.assertIn("it waits for an approval (under_review)", text)
        returned = self.review(verdict="return", persons=[1, 2], reason=REASON)
        subject, text = self.told(returned)
        self.assertTrue(subject.startswith("Registration returned for correction: "), subject)
        self.assertIn(f"What the reviewer says: {REASON}\n", text)
        self.assertIn("convene request registration.amend --set event=E1 --set party=KZ --set number=NUMBER", text)
        # What all may read has the code alone; so has the outcome.
        for record in self.d.log("registration").stream("registration.events")[0]:
            self.assertNotIn(b"Surname", record)
        self.assertNotIn(b"Surname", returned.raw)
        # Another request of a reviewer has its own reason, and a request without one none of before.
        world.decide(self.office, "registration.amend", {"event": "E1", "party": "KZ", "number": 1, "name": "Another Name"})
        subject, text = self.told(self.review(verdict="refuse", persons=[1], reason="Not accredited"))
        self.assertTrue(subject.startswith("Registration refused: "), subject)
        self.assertIn("What the reviewer says: Not accredited\n", text)
        # Who is erased takes it along.
        path = self.path_of(returned)
        world.decide(self.office, "registration.erase", {"event": "E1", "party": "KZ", "persons": [2]})
        wait_for(lambda: "What the reviewer says" not in self.told(returned)[1], path)
        with open(path, "rb") as file:
            self.assertNotIn(b"Surname", file.read())
        self.assertTrue(self.told(returned)[0].startswith("Registration returned for correction: "))


if __name__ == "__main__":
    main()
