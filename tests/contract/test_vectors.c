/* test_vectors: what another implementation packed is read here, and written again octet for octet.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Without arguments: all of proto/vectors. With --filter: a tool for test_limits.py; each line of hex on stdin gives
 * one line "code TAB path TAB text TAB hex of the message written again".
 */
#include "convene/messages.h"

#include <dirent.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define VECTORS CONVENE_SOURCE_DIR "/proto/vectors"

static cv_reader_t *g_reader;
static unsigned g_wrong; /* all are shown, not the first only */

static size_t s_unhex(const char *hex, uint8_t *ret_bytes, size_t size)
{
    size_t n = 0;
    for (; hex[0] && hex[1] && n < size; hex += 2) {
        char pair[3] = {hex[0], hex[1], 0}, *end;
        unsigned long octet = strtoul(pair, &end, 16);
        if (end != pair + 2)
            break;
        ret_bytes[n++] = (uint8_t)octet;
    }
    return n;
}

/* Reads, decodes and writes again. The input is copied to memory of exactly its size, for the sanitizers. */
static int s_round(const uint8_t *bytes, size_t len, cv_buf_t *buf, cv_fault_t *fault)
{
    static cv_any_t data;
    uint8_t *copy = malloc(len ? len : 1);
    assert_non_null(copy);
    memcpy(copy, bytes, len);
    cv_msg_t msg;
    int rc = cv_msg_read(g_reader, (cv_str_t){(char *)copy, len}, &msg, fault);
    if (!rc && !msg.info)
        rc = cv_fault(fault, CV_EUNKNOWN, "type", "unknown");
    if (!rc) {
        /* the bytes of data are where the object points into */
        assert_true(msg.data_bytes.ptr > (char *)copy && msg.data_bytes.ptr + msg.data_bytes.len <= (char *)copy + len);
        rc = msg.info->decode(msg.data, &data, fault);
    }
    if (!rc)
        rc = cv_msg_write(buf, &msg, &data);
    free(copy);
    return rc;
}

static uint8_t g_bytes[CV_MAX_FRAME * 2];

static void s_valid(const char *file, const char *type, json_t *row)
{
    const char *name = json_string_value(json_object_get(row, "name")),
               *hex = json_string_value(json_object_get(row, "hex"));
    size_t len = s_unhex(hex, g_bytes, sizeof g_bytes);
    cv_buf_t buf;
    cv_buf_init(&buf, CV_MAX_FRAME);
    cv_fault_t fault = {"", ""};
    int rc = s_round(g_bytes, len, &buf, &fault);
    if (rc || buf.len != len || memcmp(buf.ptr, g_bytes, len) != 0)
        g_wrong++, print_error("%s: %s: %s at %s: %s; %zu octets in, %zu out\n", file, name, cv_error_name(rc),
                               fault.path, fault.text, len, buf.len);
    cv_buf_done(&buf);
    assert_non_null(cv_msg_info(cv_str(type)));
}

static void s_invalid(const char *file, json_t *row)
{
    const char *name = json_string_value(json_object_get(row, "name")),
               *hex = json_string_value(json_object_get(row, "hex"));
    const char *code = json_string_value(json_object_get(row, "code")),
               *path = json_string_value(json_object_get(row, "path"));
    size_t len = s_unhex(hex, g_bytes, sizeof g_bytes);
    cv_buf_t buf;
    cv_buf_init(&buf, CV_MAX_FRAME);
    cv_fault_t fault = {"unset", "unset"};
    int rc = s_round(g_bytes, len, &buf, &fault);
    if (strcmp(cv_error_name(rc), code) != 0 || strcmp(fault.path, path) != 0 || !fault.text[0] ||
        strcmp(fault.text, "unset") == 0)
        g_wrong++, print_error("%s: %s: %s at \"%s\" (%s); must be %s at \"%s\"\n", file, name, cv_error_name(rc),
                               fault.path, fault.text, code, path);
    assert_int_equal(buf.len, 0);
    cv_buf_done(&buf);
}

static void test_all_vectors(void **state)
{
    (void)state;
    bool covered[CV_MSG_MAX + 1] = {false};
    size_t valid = 0, invalid = 0, index;
    DIR *folder = opendir(VECTORS);
    assert_non_null(folder);
    for (struct dirent *entry = readdir(folder); entry; entry = readdir(folder)) {
        size_t len = strlen(entry->d_name);
        if (len < 6 || strcmp(entry->d_name + len - 5, ".json") != 0)
            continue;
        char path[4096];
        snprintf(path, sizeof path, "%s/%s", VECTORS, entry->d_name);
        json_error_t error;
        json_t *file = json_load_file(path, JSON_ALLOW_NUL, &error), *row;
        if (!file)
            fail_msg("%s: %s", path, error.text);
        const char *type = json_string_value(json_object_get(file, "type"));
        json_array_foreach(json_object_get(file, "valid"), index, row)
        {
            s_valid(entry->d_name, type, row);
            covered[cv_msg_info(cv_str(type))->number] = true;
            valid++;
        }
        json_array_foreach(json_object_get(file, "invalid"), index, row)
        {
            s_invalid(entry->d_name, row);
            invalid++;
        }
        json_decref(file);
    }
    closedir(folder);
    for (uint16_t i = 1; i <= CV_MSG_MAX; i++)
        if (!covered[i])
            fail_msg("%s has no vectors", cv_msg_info_at(i)->type);
    print_message("%zu valid, %zu invalid\n", valid, invalid);
    assert_int_equal(g_wrong, 0);
    assert_true(valid >= 2 * CV_MSG_MAX && invalid >= 100);
}

static int s_filter(void)
{
    static char line[4 * CV_MAX_FRAME + 2];
    cv_buf_t buf;
    cv_buf_init(&buf, CV_MAX_FRAME);
    while (fgets(line, sizeof line, stdin)) {
        cv_fault_t fault = {"", ""};
        cv_buf_clear(&buf);
        size_t len = s_unhex(line, g_bytes, sizeof g_bytes);
        int rc = s_round(g_bytes, len, &buf, &fault);
        printf("%s\t%s\t%s\t", cv_error_name(rc), fault.path, fault.text);
        for (size_t i = 0; i < buf.len; i++)
            printf("%02x", buf.ptr[i]);
        putchar('\n');
        fflush(stdout);
    }
    cv_buf_done(&buf);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_all_vectors)};
    g_reader = cv_reader_new();
    if (!g_reader)
        return 1;
    int rc = argc > 1 && strcmp(argv[1], "--filter") == 0 ? s_filter() : cmocka_run_group_tests(tests, NULL, NULL);
    cv_reader_destroy(&g_reader);
    return rc;
}
