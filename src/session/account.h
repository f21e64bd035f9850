/* account.h -- accounts that attackers "found" exist on their machine.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef SESSION_ACCOUNT_H
#define SESSION_ACCOUNT_H

#include <stdbool.h>

#include "base/err.h"

struct vm;

/* Could a Debian system have an account of this name (letters, digits, _ - . and
 * at most 32 bytes, as useradd --badname allows)? Others never get in. */
bool account_plausible(const char *user);
/* Makes sure the machine has it: a line in passwd, shadow and group, and a home
 * directory, for ordinary names that are missing. 0 or -errno. */
int account_ensure(struct vm *vm, const char *user) NODISCARD;

#endif
