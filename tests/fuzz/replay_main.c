/* replay_main: runs a fuzzer over the files of its corpus, with any compiler, as an ordinary test.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define REPLAY_MAX (1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static int s_replay(const char *folder, const char *name, uint8_t *buffer)
{
    char path[4096];
    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path)
        return -1;
    FILE *file = fopen(path, "rb");
    if (!file)
        return -1;
    size_t size = fread(buffer, 1, REPLAY_MAX, file);
    fclose(file);
    /* Exactly as large as the input: the sanitizer then sees one octet too far. */
    uint8_t *copy = malloc(size ? size : 1);
    if (!copy)
        return -1;
    for (size_t i = 0; i < size; i++)
        copy[i] = buffer[i];
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
    return 0;
}

int main(int argc, char **argv)
{
    static uint8_t buffer[REPLAY_MAX];
    unsigned files = 0;
    for (int i = 1; i < argc; i++) {
        DIR *folder = opendir(argv[i]);
        if (!folder) {
            fprintf(stderr, "%s: no such corpus\n", argv[i]);
            return 77; /* skipped */
        }
        for (struct dirent *entry = readdir(folder); entry; entry = readdir(folder)) {
            if (entry->d_name[0] == '.')
                continue;
            if (s_replay(argv[i], entry->d_name, buffer)) {
                fprintf(stderr, "%s/%s: cannot be read\n", argv[i], entry->d_name);
                closedir(folder);
                return 1;
            }
            files++;
        }
        closedir(folder);
    }
    printf("%u inputs replayed\n", files);
    return 0;
}
