/* vault: the master key of registration, and sealed records as what they say. See vault.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "registration/vault.h"
#include "convene/config.h"
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* Set once, before the service is opened: service.h gives open() nothing but the database. */
static char s_path[CV_CONFIG_VALUE_MAX];
static int s_purge_days = 90;

int reg_vault_path(const char *path)
{
    return cv_str_copy(cv_str(path ? path : ""), s_path, sizeof s_path);
}

int reg_purge_days(void)
{
    return s_purge_days;
}

int reg_configure(const struct cv_config *config, char *ret_error, size_t error_size)
{
    s_purge_days = (int)cv_config_int(config, "registration/purge_days");
    if (!reg_vault_path(cv_config_text(config, "registration/master_key")))
        return CV_OK;
    snprintf(ret_error, error_size, "registration/master_key: the path is longer than %zu octets", sizeof s_path - 1);
    return CV_EINVAL;
}

/* ---- start --------------------------------------------------------------------------------------------------- */

/* The directory of the keys is the first thing that is made where a service runs for the first time without `convene`.
 */
static void make_directory_of(const char *path)
{
    char directory[CV_CONFIG_VALUE_MAX];
    char *slash;

    snprintf(directory, sizeof directory, "%s", path);
    slash = strrchr(directory, '/');
    if (!slash || slash == directory)
        return;
    *slash = '\0';
    (void)mkdir(directory, 0700); /* what is missing is told of when the file cannot be made */
}

static int find_master(reg_t *self, cv_seal_key_t *master, char *ret_error, size_t error_size)
{
    char reason[512];
    bool has;

    if (!s_path[0])
        return CV_OK; /* a test: zeros */
    int rc = cv_seal_read(s_path, master, reason, sizeof reason);
    if (rc == CV_ENOTFOUND) {
        rc = reg_store_has_master(self->store, &has);
        if (!rc && has) {
            snprintf(ret_error, error_size,
                     "registration/master_key: %s is missing, and the personal data in this database cannot be read "
                     "without it: put it back from where it is kept",
                     s_path);
            return CV_EINVAL;
        }
        make_directory_of(s_path);
        if (!rc)
            rc = cv_seal_make(s_path, master, reason, sizeof reason);
        if (rc)
            snprintf(ret_error, error_size, "registration/master_key: %s; `convene keys make` makes it too", reason);
        return rc ? CV_EINVAL : CV_OK;
    }
    if (rc)
        snprintf(ret_error, error_size, "registration/master_key: %s", reason);
    return rc;
}

int reg_start(void *self_, cv_tx_t *tx, char *ret_error, size_t error_size)
{
    reg_t *self = self_;
    cv_seal_key_t master = {{0}};
    bool any;

    reg_store_begin(self->store, tx);
    int rc = find_master(self, &master, ret_error, error_size);
    if (rc)
        return rc;
    rc = reg_store_master(self->store, &master);
    sodium_memzero(&master, sizeof master);
    if (rc == CV_EDENIED) {
        snprintf(ret_error, error_size,
                 "registration/master_key: %s is not the key of this database: its personal data were sealed with "
                 "another one; put that one there",
                 s_path);
        return CV_EINVAL;
    }
    if (!rc)
        rc = reg_store_seal_old(self->store, &self->book, &any);
    if (rc || !any)
        return rc;
    rc = cv_tx_forget(tx, REG_STREAM_PRIVATE);
    return rc ? rc : cv_tx_scrub(tx, true);
}

/* ---- reveal -------------------------------------------------------------------------------------------------- */

int reg_reveal(void *self_, const cv_msg_t *msg, const void *data, uint16_t *ret_type, const void **ret_data)
{
    reg_t *self = self_;
    const cv_registration_personal_v1_t *sealed = data;
    cv_registration_contact_v1_t *open = &self->contact;
    cv_str_t answers;

    if (msg->info->number != CV_MSG_REGISTRATION_PERSONAL_V1)
        return CV_ENOTFOUND;
    cv_arena_reset(self->scratch);
    *open = (cv_registration_contact_v1_t){.event = sealed->event, .party = sealed->party, .review = sealed->review};
    if (sealed->has_contact) {
        int rc = reg_store_unseal(self->store, sealed->contact.key, true, sealed->contact.sealed, self->contact_text,
                                  &open->contact.name, &open->contact.email, &answers);
        if (rc && rc != CV_ENOTFOUND)
            return rc;
        open->has_contact = !rc;
        open->contact.language = sealed->contact.language;
    }
    for (size_t i = 0; i < sealed->persons_n; i++) {
        cv_person_private_t *person = &open->persons[open->persons_n];
        *person = (cv_person_private_t){.number = sealed->persons[i].number, .capacity = sealed->persons[i].capacity};
        int rc = reg_store_unseal(self->store, sealed->persons[i].key, false, sealed->persons[i].sealed,
                                  self->texts[open->persons_n], &person->name, &person->email, &answers);
        if (!rc)
            rc = reg_unpack_answers(answers, self->scratch, &person->answers);
        const bool has_reason = !rc && sealed->persons[i].reason.ptr;
        char *reason = has_reason ? cv_arena_take(self->scratch, REG_REASON_TEXT) : NULL;
        if (has_reason && !reason)
            rc = CV_ENOMEM;
        else if (has_reason)
            rc = reg_store_reason_open(self->store, sealed->persons[i].key, sealed->persons[i].reason, reason,
                                       &person->reason);
        if (rc && rc != CV_ENOTFOUND)
            return rc;
        open->persons_n += !rc;
    }
    *ret_type = CV_MSG_REGISTRATION_CONTACT_V1;
    *ret_data = open;
    return open->has_contact || open->persons_n ? CV_OK : CV_ENOTFOUND;
}
