/* sandbox.h -- giving up what a role does not need.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef ROLE_SANDBOX_H
#define ROLE_SANDBOX_H

#include <stdbool.h>

#include "role/role.h"

enum sandbox_fs {
    SANDBOX_FS_NONE,     /* no file can be opened any more */
    SANDBOX_FS_RESOLVER, /* only /etc/resolv.conf, to read (as root: a copy made now) */
    SANDBOX_FS_STATE,    /* only below the state folder, which becomes the working directory */
};

/* Drops privileges for good: the root directory (when root: the state folder
 * or an empty one), user and group, new privileges, and with Landlock every
 * path outside. path (room n): where the state folder is from now on, "/" or
 * its own absolute name. 0 or ERR_SYS with a logged reason. */
int sandbox_enter(const struct role_setup *s, enum sandbox_fs fs, char *path, size_t n) NODISCARD;

/* The system calls a sensor may still make; anything else kills it. Last step
 * before its loop. ERR_SYS where the kernel refuses filters. */
int sandbox_sensor_filter(void) NODISCARD;

/* Before sandbox_enter: the C library's resolver reads its settings. */
void sandbox_warm_resolver(void);

/* What the fetcher has no business with, though the network is open to it: other
 * programs, other kinds of sockets, waiting for connections, the kernel's insides. */
int sandbox_fetcher_filter(void) NODISCARD;

#endif
