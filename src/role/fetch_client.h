/* fetch_client.h -- a sensor's side of downloads: between machines and the fetcher.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef ROLE_FETCH_CLIENT_H
#define ROLE_FETCH_CLIENT_H

#include "base/loop.h"
#include "conf/conf.h"
#include "event/event.h"
#include "role/scribe.h"
#include "vm/host.h"
#include "vm/net.h"

struct fetch_client;

struct fetch_client_conf {
    struct loop *loop;
    const struct clock *clock;
    enum conf_fetch_mode mode;
    struct vm_world *world;
    struct scribe *scribe; /* for requests that never reach the fetcher */
};
struct fetch_client *fetch_client_new(const struct fetch_client_conf *conf) NODISCARD;
void fetch_client_free(struct fetch_client *c);
void fetch_client_link(struct fetch_client *c, int fd); /* takes fd */

/* The hooks of the machines (vm/host.h). src NULL: its session is gone. */
bool fetch_client_start(struct fetch_client *c, const struct event_source *src, uint64_t ticket,
                        const struct vm_fetch_req *req);
void fetch_client_more(struct fetch_client *c, uint64_t ticket);
void fetch_client_cancel(struct fetch_client *c, uint64_t ticket);

/* Has this session a download of size that no file was made of yet? Cheap: asked
 * before a file is hashed. */
bool fetch_client_expects(const struct fetch_client *c, const struct event_source *src,
                          uint64_t size);
/* Are these bytes such a download, that the fetcher has told of? Once for each. */
bool fetch_client_told(struct fetch_client *c, const struct event_source *src, const void *p,
                       size_t n);

#endif
