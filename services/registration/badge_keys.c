/* badge_keys: the secret halves of the keys that sign badges. See badge_keys.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "registration/badge_keys.h"

#include "convene/files.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TITLE "convene badge keys 1\n"
enum { HEX = 2 * CV_BADGE_SEED, TEXT = sizeof TITLE - 1 + 2 * (HEX + 1) };

/* Set once, before the service is opened: service.h gives open() nothing but the database. */
static char s_path[REG_KEY_PATH_MAX];

int reg_signers_configure(const char *path)
{
    return cv_str_copy(cv_str(path ? path : ""), s_path, sizeof s_path);
}

void reg_signers_wipe(reg_signers_t *signers)
{
    sodium_memzero(signers, sizeof *signers);
}

int reg_signers_find(const reg_signers_t *signers, const uint8_t public_key[CV_BADGE_PUBLIC])
{
    for (int i = 0; signers->has && i < 2; i++)
        if (memcmp(signers->public_key[i], public_key, CV_BADGE_PUBLIC) == 0)
            return i;
    return -1;
}

static void fill_public(reg_signers_t *signers)
{
    for (int i = 0; i < 2; i++)
        cv_badge_public(signers->seed[i], signers->public_key[i]);
    signers->has = true;
}

static int write_file(const reg_signers_t *signers)
{
    char part[REG_KEY_PATH_MAX + 8], text[TEXT + 1], *at = text;

    snprintf(part, sizeof part, "%s.new", s_path);
    memcpy(at, TITLE, sizeof TITLE - 1);
    at += sizeof TITLE - 1;
    for (int i = 0; i < 2; i++) {
        sodium_bin2hex(at, HEX + 1, signers->seed[i], CV_BADGE_SEED);
        at += HEX;
        *at++ = '\n';
    }
    if (unlink(part) && errno != ENOENT)
        return CV_EIO;
    int fd = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool good = fd >= 0 && write(fd, text, TEXT) == TEXT && fsync(fd) == 0;
    if (fd >= 0)
        good &= close(fd) == 0;
    sodium_memzero(text, sizeof text);
    if (good && rename(part, s_path) == 0)
        return cv_sync_directory_of(s_path);
    unlink(part);
    return CV_EIO;
}

static int read_file(int fd, reg_signers_t *ret_signers)
{
    char text[TEXT + 1];
    struct stat info;
    size_t len;

    if (fstat(fd, &info))
        return CV_EIO;
    if (!S_ISREG(info.st_mode) || (info.st_mode & 077))
        return CV_EINVAL; /* others may have read it */
    ssize_t n = read(fd, text, sizeof text);
    if (n < 0)
        return CV_EIO;
    int rc = n == TEXT && memcmp(text, TITLE, sizeof TITLE - 1) == 0 ? CV_OK : CV_EINVAL;
    const char *at = text + sizeof TITLE - 1;
    for (int i = 0; !rc && i < 2; i++, at += HEX + 1)
        if (sodium_hex2bin(ret_signers->seed[i], CV_BADGE_SEED, at, HEX, NULL, &len, NULL) || len != CV_BADGE_SEED ||
            at[HEX] != '\n')
            rc = CV_EINVAL;
    sodium_memzero(text, sizeof text);
    return rc;
}

int reg_signers_load(reg_signers_t *ret_signers)
{
    reg_signers_t signers = {0};
    int rc;

    if (!s_path[0]) {
        *ret_signers = signers;
        return CV_OK;
    }
    int fd = open(s_path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd >= 0) {
        rc = read_file(fd, &signers);
        close(fd);
    } else if (errno != ENOENT) {
        rc = CV_EIO;
    } else {
        randombytes_buf(signers.seed, sizeof signers.seed);
        rc = write_file(&signers);
    }
    if (!rc) {
        fill_public(&signers);
        *ret_signers = signers;
    }
    reg_signers_wipe(&signers);
    return rc;
}

int reg_signers_move_on(reg_signers_t *signers)
{
    reg_signers_t next = {0};

    memcpy(next.seed[0], signers->seed[1], CV_BADGE_SEED);
    randombytes_buf(next.seed[1], CV_BADGE_SEED);
    int rc = write_file(&next);
    if (!rc) {
        fill_public(&next);
        *signers = next;
    }
    reg_signers_wipe(&next);
    return rc;
}
