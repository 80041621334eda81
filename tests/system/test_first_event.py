#!/usr/bin/python3
"""test_first_event: the README's first event of one's own, as it stands there, with the publisher that the protocol's description holds.
SPDX-License-Identifier: Apache-2.0
"""
import re
import subprocess
import unittest

from cli_env import SOURCE, Convene, need, wait_for

PORTS = {"registration": 24860, "scheduling": 24870, "notifications": 24880}
ENDPOINTS = {name: f"tcp://127.0.0.1:{port}" for name, port in PORTS.items()}


class OverTcp(Convene):
    def __init__(self):
        super().__init__()
        self.flags = ["--data", str(self.data), "--conf", f"dashboard/endpoint=ipc://{self.root}/dashboard", "--conf", "dashboard/http=none"]
        for name, endpoint in ENDPOINTS.items():
            self.flags += ["--conf", f"{name}/endpoint={endpoint}"]


class FirstEvent(unittest.TestCase):
    def test_as_it_stands(self):
        readme = (SOURCE / "README.md").read_text(encoding="utf-8")
        section = readme[readme.index("A first event of your own"):readme.index("From another program, in any language")]
        plan = re.search(r"cat >first\.json <<'END'\n(.*?)\n    END\n", section, re.S)[1]
        imported, key, published = (re.search(rf"^    {words}", section, re.M)[0].split() for words in
                                    (r"build/bin/convene plan import \S+", r"build/bin/convene keys add \S+ --role \S+", r"python3 publisher\.py .*?(?=  #)"))
        program = re.findall(r"^```python\n(.*?)^```$", (SOURCE / "proto/README.md").read_text(encoding="utf-8"), re.M | re.S)[0]
        with OverTcp() as convene:
            (convene.root / "first.json").write_text(plan, encoding="utf-8")
            (convene.root / "publisher.py").write_text(program, encoding="utf-8")
            done = convene("plan", "import", convene.root / imported[-1], "--json")
            self.assertEqual((done.status, done.json["not_ok"]), (0, 0), done.out + done.err)
            done = convene(*key[1:])
            self.assertEqual(done.status, 0, done.out + done.err)
            event, party = published[-2:]
            self.assertEqual(published[2:4], ["my-data/keys", key[3]])
            command = ["/usr/bin/python3", convene.root / "publisher.py", convene.data / "keys", key[3], event, party, ENDPOINTS["registration"]]
            wait_for(lambda: re.search(rf"^{event} +open ", convene("event", "list").out, re.M), "the event to be open", convene)
            done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=60, check=False)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            shown = convene("delegation", "show", f"{event}/{party}")
            self.assertRegex(shown.out, r"(?m)^confirmed +1$")


if __name__ == "__main__":
    need("convene")
    unittest.main(verbosity=2)
