/* seal: personal data at rest. See convene/seal.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "convene/seal.h"

#include "convene/files.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char HEAD[] = "convene-master-key-1 ";
enum { HEAD_LEN = sizeof HEAD - 1, HEX_LEN = 2 * CV_SEAL_KEY, LINE_LEN = HEAD_LEN + HEX_LEN + 1 };

_Static_assert(CV_SEAL_KEY == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "the key of the cipher");
_Static_assert(CV_SEAL_NONCE == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, "the nonce of the cipher");
_Static_assert(CV_SEAL_MORE - CV_SEAL_NONCE == crypto_aead_xchacha20poly1305_ietf_ABYTES, "the tag of the cipher");

void cv_seal_derive(const cv_seal_key_t *master, int64_t number, const uint8_t secret[CV_SEAL_SECRET],
                    cv_seal_key_t *ret_key)
{
    uint8_t input[8 + CV_SEAL_SECRET];

    for (unsigned i = 0; i < 8; i++)
        input[i] = (uint8_t)((uint64_t)number >> (56 - 8 * i));
    memcpy(input + 8, secret, CV_SEAL_SECRET);
    crypto_generichash(ret_key->bytes, sizeof ret_key->bytes, input, sizeof input, master->bytes, sizeof master->bytes);
    sodium_memzero(input, sizeof input);
}

void cv_seal(const cv_seal_key_t *key, const uint8_t nonce[CV_SEAL_NONCE], uint8_t purpose, cv_str_t text,
             char *ret_sealed)
{
    memcpy(ret_sealed, nonce, CV_SEAL_NONCE);
    crypto_aead_xchacha20poly1305_ietf_encrypt((uint8_t *)ret_sealed + CV_SEAL_NONCE, NULL, (const uint8_t *)text.ptr,
                                               text.len, &purpose, sizeof purpose, NULL, nonce, key->bytes);
}

int cv_seal_open(const cv_seal_key_t *key, uint8_t purpose, cv_str_t sealed, char *ret_text)
{
    if (!sealed.ptr || sealed.len < CV_SEAL_MORE)
        return CV_ECORRUPT;
    const uint8_t *nonce = (const uint8_t *)sealed.ptr;
    int bad = crypto_aead_xchacha20poly1305_ietf_decrypt((uint8_t *)ret_text, NULL, NULL, nonce + CV_SEAL_NONCE,
                                                         sealed.len - CV_SEAL_NONCE, &purpose, sizeof purpose, nonce,
                                                         key->bytes);
    return bad ? CV_ECORRUPT : CV_OK;
}

void cv_seal_proof(const cv_seal_key_t *master, uint8_t ret_proof[CV_SEAL_PROOF])
{
    static const uint8_t what[] = "convene master key";

    crypto_generichash(ret_proof, CV_SEAL_PROOF, what, sizeof what - 1, master->bytes, sizeof master->bytes);
}

/* ---- the file ------------------------------------------------------------------------------------------------ */

static int parse(const char *path, const char *line, size_t len, cv_seal_key_t *ret_master, char *ret_error,
                 size_t size)
{
    size_t bytes = 0;

    if (len == LINE_LEN && memcmp(line, HEAD, HEAD_LEN) == 0 && line[LINE_LEN - 1] == '\n' &&
        !sodium_hex2bin(ret_master->bytes, CV_SEAL_KEY, line + HEAD_LEN, HEX_LEN, NULL, &bytes, NULL) &&
        bytes == CV_SEAL_KEY)
        return CV_OK;
    snprintf(ret_error, size, "%s is not the file of a master key: it must hold \"%s\" and %d hexadecimal digits", path,
             HEAD, HEX_LEN);
    return CV_EINVAL;
}

int cv_seal_read(const char *path, cv_seal_key_t *ret_master, char *ret_error, size_t error_size)
{
    char line[LINE_LEN + 1];
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        snprintf(ret_error, error_size, "cannot read the master key %s: %s", path, strerror(errno));
        return errno == ENOENT ? CV_ENOTFOUND : CV_EINVAL;
    }
    int rc = CV_OK;
    if (fstat(fd, &info) || info.st_mode & 077) {
        snprintf(ret_error, error_size, "the master key %s can be read by others: its mode must be 0600", path);
        rc = CV_EINVAL;
    }
    ssize_t len = rc ? 0 : read(fd, line, sizeof line);
    close(fd);
    if (!rc)
        rc = parse(path, line, len > 0 ? (size_t)len : 0, ret_master, ret_error, error_size);
    sodium_memzero(line, sizeof line);
    return rc;
}

int cv_seal_make(const char *path, cv_seal_key_t *ret_master, char *ret_error, size_t error_size)
{
    cv_seal_key_t master;
    char line[LINE_LEN + 1];
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

    if (fd < 0) {
        snprintf(ret_error, error_size, "cannot make the master key %s: %s", path, strerror(errno));
        return errno == EEXIST ? CV_ECONFLICT : CV_EIO;
    }
    randombytes_buf(master.bytes, sizeof master.bytes);
    memcpy(line, HEAD, HEAD_LEN);
    sodium_bin2hex(line + HEAD_LEN, HEX_LEN + 1, master.bytes, sizeof master.bytes);
    line[LINE_LEN - 1] = '\n';
    int rc = write(fd, line, LINE_LEN) == LINE_LEN && !fsync(fd) ? CV_OK : CV_EIO;
    if (close(fd))
        rc = CV_EIO;
    if (!rc)
        rc = cv_sync_directory_of(path);
    if (rc) {
        snprintf(ret_error, error_size, "cannot write the master key %s: %s", path, strerror(errno));
        unlink(path); /* half a key is none */
    } else {
        *ret_master = master;
    }
    sodium_memzero(line, sizeof line);
    sodium_memzero(&master, sizeof master);
    return rc;
}
