#!/usr/bin/python3
"""check_source: rules about the source that no compiler knows: layers, banned calls, banners, lengths.

SPDX-License-Identifier: Apache-2.0

    check_source.py ROOT        every finding is a line FILE:LINE: RULE: text; exit status 1 if there is one.

A line may be excused with a comment `lint: RULE, reason` on it.
"""
import pathlib
import re
import sys

LAYERS = ['base', 'wire', 'store', 'net', 'service']
# Public headers and the layer they belong to.
PUBLIC = {'error': 'base', 'bytes': 'base', 'files': 'base', 'format': 'base', 'ids': 'base', 'log': 'base', 'config': 'base', 'version': 'base', 'zone': 'base', 'calendar': 'base',
          'seal': 'base', 'principal': 'wire', 'badge': 'base', 'wire': 'wire', 'messages': 'wire', 'codec': 'wire', 'store': 'store', 'client': 'net',
          'service': 'service'}
# Public headers that only programs and the runner use: library code returns errors, it does not log.
PROGRAM_ONLY = {'log'}
LENGTH_WARNING = 600

BANNED = {
    r'strcpy|strcat|sprintf|vsprintf|gets|stpcpy': 'writes without knowing the size',
    r'atoi|atol|atoll|atof': 'cannot tell an error from 0',
    r'system|popen': 'runs a shell',
    r'tmpnam|tempnam|mktemp': 'a name that somebody else can take first',
    r'strtok|asctime|ctime|gmtime|localtime': 'keeps hidden state; use the _r form',
    r'rand|srand|random|drand48': 'not random; see cv_uuid7 and libsodium',
    r'alloca': 'a stack has no maximum that is checked',
    r'msgpack_unpacker_\w+|msgpack_unpacker': 'the streaming unpacker overflows (msgpack-c #1181); see cv_msg_read',
    r'msgpack_vrefbuffer_\w+|msgpack_vrefbuffer': 'keeps pointers into what may be gone',
    r'zmq_proxy|zmq_proxy_steerable|zproxy_\w+': 'loses subscriptions when its middle restarts',
    r'zauth_\w+|zauth': 'packs metadata into 512 octets unchecked; see net/zap.c',
}
BANNED_WORDS = {
    'ZMQ_XPUB_MANUAL': 'corrupts state when a pipe has just died (libzmq 4.3.4)',
    'ZMQ_REQ': 'breaks with heartbeats; DEALER and ROUTER do not',
    'ZMQ_REP': 'breaks with heartbeats; DEALER and ROUTER do not',
}
# A test waits for a fact with a deadline, never for a time to pass.
BANNED_IN_TESTS = {r'sleep|usleep': 'wait for a fact with a deadline (poll), not for time to pass'}
# A service's core decides from its input alone.
CORE_INCLUDES = re.compile(r'czmq|zmq|sqlite|sys/socket|<time\.h>|sys/time|convene/(service|client|config|log)\.h')
CORE_CALLS = re.compile(r'\b(cv_clock_\w+|clock_gettime|time|gettimeofday|cv_uuid7|getrandom|randombytes_\w+)\s*\(')

findings = []
warnings = []


def strip(text):
    """The C text with comments and the inside of strings blanked; lines and columns stay."""
    def blank(match):
        token = match.group(0)
        if token.startswith('/'):
            return re.sub(r'[^\n]', ' ', token)
        return token[0] + re.sub(r'[^\n]', ' ', token[1:-1]) + token[-1]
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', blank, text, flags=re.S)


class Source:
    def __init__(self, root, path):
        self.name = str(path.relative_to(root))
        self.parts = path.relative_to(root).parts
        self.text = path.read_text(encoding='utf-8')
        self.lines = self.text.split('\n')

    def find(self, line, rule, text):
        if 0 < line <= len(self.lines) and f'lint: {rule},' in self.lines[line - 1]:
            return
        findings.append(f'{self.name}:{line}: {rule}: {text}')


def check_banner(source, c_file):
    if not source.text:
        return
    head = source.lines[:20]
    if not any('SPDX-License-Identifier: Apache-2.0' in line for line in head):
        source.find(1, 'banner', 'no SPDX-License-Identifier line in the first 20')
    first = next((line for line in head if line and not line.startswith('#!')), '')
    stem = pathlib.PurePath(source.name).stem
    if c_file and not re.match(rf'/\* {stem}\b[^:]*: ', first):
        source.find(1, 'banner', f'does not open with "/* {stem}: one sentence"')
    if not c_file and not re.match(r'("""|# )\w.{15}', first):
        source.find(1, 'banner', 'does not open with a sentence about what it is')


def check_text(source):
    for number, line in enumerate(source.lines, 1):
        if '\r' in line or '\t' in line:
            source.find(number, 'whitespace', 'tab or carriage return')
        if line != line.rstrip():
            source.find(number, 'whitespace', 'space at the end of the line')
        if re.search(r'\b(TODO|FIXME)\b', line) and 'check_source' not in source.name:
            source.find(number, 'unfinished', 'what is to be done belongs into an issue')
    if source.text and not source.text.endswith('\n'):
        source.find(len(source.lines), 'whitespace', 'no newline at the end of the file')
    if len(source.lines) > LENGTH_WARNING:
        warnings.append(f'{source.name}: {len(source.lines)} lines: wants to be two things?')


def includes(source):
    for number, line in enumerate(source.lines, 1):
        match = re.match(r'\s*#\s*include\s*(["<])([^">]+)[">]', line)
        if match:
            yield number, match.group(1) == '"', match.group(2)


def check_library_layers(source):
    public = source.parts[1] == 'include'
    if public:
        stem = pathlib.PurePath(source.name).name.split('.')[0]
        layer = PUBLIC.get(stem)
        if layer is None:
            source.find(1, 'layers', f'{stem}.h is not in the table of tests/lint/check_source.py')
            return
    else:
        layer = source.parts[2]
        if layer not in LAYERS:
            source.find(1, 'layers', f'there is no layer {layer}')
            return
    for number, own, name in includes(source):
        if not own:
            continue
        first, _, rest = name.partition('/')
        if first == 'convene':
            stem = rest.split('.')[0]
            other = PUBLIC.get(stem)
            if stem in PROGRAM_ONLY and layer != 'service' and not re.match(rf'{stem}(_\w+)?\.c$', source.parts[-1]):
                source.find(number, 'layers', f'library code does not use {name}')
        elif public:
            source.find(number, 'layers', f'a public header includes {name}, which is not public')
            continue
        elif '/' in name:
            other = first
        else:
            source.find(number, 'layers', f'say the layer: "{layer}/{name}"')
            continue
        if other not in LAYERS:
            source.find(number, 'layers', f'{name} belongs to no layer')
        elif LAYERS.index(other) > LAYERS.index(layer):
            source.find(number, 'layers', f'{layer} includes {name} of the higher layer {other}')


def check_service_includes(source, service):
    is_core = re.fullmatch(r'core(_\w+)?\.[ch]', source.parts[-1]) or 'placement' in source.parts
    for number, own, name in includes(source):
        first = name.split('/')[0]
        # Pure: the search, the evaluator, the previews of notices and what a dashboard shows are made in the command line too,
        # and a dashboard judges programmes with the evaluator.
        engine = (service == 'dashboard' and re.match(r'scheduling/core(_conflicts)?\.h', name)) or service == 'cli' and re.match(r'scheduling/(placement/|core_\w+\.h)|notifications/content/|dashboard/(core_\w+|json)\.h', name)
        if own and '/' in name and first not in ('convene', service) and not engine:
            source.find(number, 'layers', f'a service includes convene/*.h and its own headers, not {name}')
        if is_core and CORE_INCLUDES.search(f'"{name}"' if own else f'<{name}>'):
            source.find(number, 'core', f'a core is pure: no {name}')
    return is_core


def check_calls(source, code, is_core):
    in_tests = source.parts[0] == 'tests'
    rules = dict(BANNED)
    if in_tests:
        rules.update(BANNED_IN_TESTS)
    lines = code.split('\n')
    for number, line in enumerate(lines, 1):
        for names, reason in rules.items():
            for match in re.finditer(rf'(?<![\w.>])({names})\s*\(', line):
                source.find(number, 'banned', f'{match.group(1)}: {reason}')
        for word, reason in BANNED_WORDS.items():
            if re.search(rf'\b{word}\b', line):
                source.find(number, 'banned', f'{word}: {reason}')
        if is_core:
            match = CORE_CALLS.search(line)
            if match:
                source.find(number, 'core', f'a core is pure: no {match.group(1)}')


def main(root):
    c_files = sorted(path for top in ('common', 'services', 'tests') for path in (root / top).rglob('*.[ch]'))
    scripts = sorted(path for top in ('proto', 'tests', 'services', 'docker') for path in (root / top).rglob('*.py'))
    for path in c_files:
        source = Source(root, path)
        check_banner(source, True)
        check_text(source)
        is_core = False
        if source.parts[0] == 'common':
            check_library_layers(source)
        elif source.parts[0] == 'services':
            is_core = check_service_includes(source, source.parts[1])
        check_calls(source, strip(source.text), is_core)
    for path in scripts:
        source = Source(root, path)
        check_banner(source, False)
        check_text(source)
    for warning in warnings:
        print(f'warning: {warning}')
    for finding in findings:
        print(finding)
    print(f'{len(c_files)} C files and {len(scripts)} scripts, {len(findings)} findings, {len(warnings)} warnings')
    return 1 if findings else 0


if __name__ == '__main__':
    sys.exit(main(pathlib.Path(sys.argv[1]).resolve()))
