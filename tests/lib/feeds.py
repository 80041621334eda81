# feeds: calendars as octets: what RFC 5545 says of lines, and the properties of each entry as they stand there.
# SPDX-License-Identifier: Apache-2.0
import re


def unfold(body):
    """The lines of a calendar. Each ends with CRLF, has at most 75 octets, and no fold cuts a character."""
    assert body.endswith(b"\r\n"), body[-40:]
    lines = body[:-2].split(b"\r\n")
    for line in lines:
        assert len(line) <= 75, (len(line), line)
        assert b"\n" not in line and b"\r" not in line, line
        line.decode("utf-8")  # strict: each line is whole characters
    return re.sub(rb"\r\n[ \t]", b"", body[:-2]).decode("utf-8").split("\r\n")


def entries(body):
    """{uid: {property: value}}, parameters left out but TZID and VALUE, as PROPERTY;TZID=...; in the order they stand in."""
    found, one, depth = {}, None, []
    for line in unfold(body):
        match = re.match(r'([A-Z-]+)((?:;[A-Z-]+=(?:"[^"]*"|[^":;]*))*):(.*)$', line, re.S)
        assert match, line
        name, parameters, value = match.groups()
        if name == "BEGIN":
            depth.append(value)
            one = {} if value == "VEVENT" else one
        elif name == "END":
            assert depth.pop() == value, line
            if value == "VEVENT":
                assert one["UID"] not in found, f"{one['UID']} twice"
                found[one["UID"]] = one
        elif depth[-1] == "VEVENT":
            assert name not in one, f"{name} twice in {one}"
            one[name] = (";VALUE=DATE:" if "VALUE=DATE" in parameters.split(";") else "") + value
            assert "TZID" not in parameters, line
    assert not depth
    return found
