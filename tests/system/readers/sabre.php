<?php
// sabre: a calendar as sabre/vobject (Nextcloud's) reads it, one JSON list of its entries, and what its validator says.
// SPDX-License-Identifier: Apache-2.0
//
// php sabre.php < CALENDAR
error_reporting(E_ERROR);
foreach (['/usr/share/php/Sabre/VObject/autoload.php', '/usr/share/php/Sabre/VObject/includes.php'] as $file) {
    if (is_file($file)) {
        require_once $file;
        break;
    }
}
$calendar = Sabre\VObject\Reader::read(stream_get_contents(STDIN));
$problems = [];
foreach ($calendar->validate() as $found) {
    $problems[] = $found['message'];
}
function at($property)
{
    if (!$property) {
        return null;
    }
    $time = $property->getDateTime()->setTimezone(new DateTimeZone('UTC'));
    return $property->hasTime() ? $time->format('Y-m-d\TH:i:s\Z') : $time->format('Y-m-d');
}
// Version 2, which Debian has, leaves escaped what was escaped.
$plain = class_exists('Sabre\\VObject\\Property\\FlatText') ? fn ($value) => $value : fn ($value) => preg_replace('/\\\\([\\\\;,])/', '$1', $value);
$entries = [];
foreach ($calendar->VEVENT ?? [] as $entry) {
    $text = fn ($name) => isset($entry->$name) ? $plain((string) $entry->$name) : null;
    $entries[] = ['uid' => $text('UID'), 'sequence' => (int) $text('SEQUENCE'), 'summary' => $text('SUMMARY'), 'location' => $text('LOCATION'), 'status' => $text('STATUS'),
        'start' => at($entry->DTSTART), 'end' => at($entry->DTEND), 'stamp' => at($entry->DTSTAMP), 'related' => $text('RELATED-TO')];
}
echo json_encode(['method' => (string) $calendar->METHOD, 'entries' => $entries, 'problems' => $problems]);
