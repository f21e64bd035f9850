/* authkeys.h -- keys that open an account of a machine.
 *
 * Attackers put their own key into ~/.ssh/authorized_keys and come back with it.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef SESSION_AUTHKEYS_H
#define SESSION_AUTHKEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vm;

/* A line of authorized_keys that lets the key in. */
struct authkey {
    char where[320];    /* "/root/.ssh/authorized_keys:3" */
    char command[1024]; /* forced command; "" if there is none */
    bool no_pty, no_forwarding, no_agent, no_x11, no_rc;
};

/* What sshd is asked: this key, from this address, for this account. */
struct authkey_query {
    const char *user, *from;
    const uint8_t *blob;
    size_t blob_n;
};

/* Looks into the account's files, if their owners and modes are as StrictModes
 * wants them. Changes nothing. */
bool authkey_find(struct vm *vm, const struct authkey_query *q, struct authkey *out);
/* What sshd tells the client of the line after a login; out is cut to n. */
void authkey_describe(const struct authkey *k, char *out, size_t n);

#endif
