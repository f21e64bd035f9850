/* url.h -- URLs and headers, as the download programs see them.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef CMD_URL_H
#define CMD_URL_H

#include "cmd/cmd.h"
#include "vm/net.h"

struct net_url {
    const char *text;                 /* whole, with scheme */
    const char *scheme, *host, *path; /* path with query, from the slash on */
    int port;
    bool ftp;
};

/* Without a scheme it is http. false: a scheme that is not http(s) or ftp(s),
 * or no host. Strings live in the arena. */
bool net_url_parse(struct cmd_run *r, const char *text, struct net_url *out);
/* Follows a Location relative to u. */
bool net_url_join(struct cmd_run *r, struct net_url *u, const char *where);
/* The last part of the path with its query: "" if there is none. */
const char *net_url_file(struct cmd_run *r, const struct net_url *u);
/* The value of a response header, or NULL. */
const char *net_header(const char *const *headers, const char *name);

#endif
