/* users.h -- home directories from the machine's /etc/passwd.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef SHELL_USERS_H
#define SHELL_USERS_H

#include <stdint.h>

struct shell;

/* The home directory of a user (NULL: of the process's user), scratch memory;
 * NULL if there is no such user. */
const char *users_home(struct shell *sh, const char *user);
/* The name of a user id; NULL if unknown. */
const char *users_name(struct shell *sh, uint32_t uid);
/* All names that begin with prefix, NULL-ended (completion). */
char **users_list(struct shell *sh, const char *prefix);

#endif
