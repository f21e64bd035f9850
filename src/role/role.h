/* role.h -- the processes of one installation and how they find each other.
 *
 * The monitor forks every other role and keeps one control channel to each.
 * Whenever a role starts (or starts again), the monitor makes a fresh socket
 * pair for each link it has and hands the ends to both sides, so that a role
 * never knows whether its peer is the first or the tenth of its kind.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef ROLE_ROLE_H
#define ROLE_ROLE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/ipc.h"
#include "base/loop.h"
#include "conf/conf.h"
#include "ssh/keys.h"
#include "vfs/image.h"
#include "vm/persona.h"

enum role_kind { ROLE_MONITOR, ROLE_RECORDER, ROLE_LEARNER, ROLE_SENSOR, ROLE_FETCHER, ROLE_KINDS };
const char *role_name(enum role_kind k);

/* What the monitor prepared before forking; read-only for the roles. */
struct role_setup {
    const struct conf *conf;
    const struct persona *persona;
    const struct ssh_hostkeys *keys;
    const struct vfs_image *image;
    uint64_t seed;
    unsigned sensors;
    uid_t uid; /* to become; 0: stay who we are */
    gid_t gid;
    const char *state_dir; /* absolute */
};

/* Messages of a control channel, monitor to role. */
enum role_ctl {
    CTL_LINK = 1, /* struct role_link and the socket */
    CTL_CONN,     /* struct role_conn and the accepted socket (sensors) */
    CTL_STOP,     /* finish what is open and end */
    CTL_RELOAD,   /* SIGHUP: open log files again */
    CTL_EVENT,    /* monitor to recorder: an encoded event */
};

struct role_link {
    enum role_kind kind; /* who is at the other end */
    unsigned index;      /* which of them */
};

struct role_conn {
    struct sockaddr_in6 peer, local; /* IPv4 as mapped addresses */
};

/* A role at work. Each role embeds one and fills the calls it needs. */
struct role {
    enum role_kind kind;
    unsigned index;
    const struct role_setup *setup;
    struct clock clock;
    struct loop *loop;
    struct ipc *ctl;
    void (*on_link)(struct role *r, const struct role_link *link, int fd); /* takes fd */
    void (*on_conn)(struct role *r, const struct role_conn *conn, int fd); /* takes fd */
    void (*on_other)(struct role *r, uint32_t type, const void *body, size_t n);
    void (*on_stop)(struct role *r); /* NULL: the loop stops at once */
    void (*on_reload)(struct role *r);
};

/* Makes clock, loop and control channel on ctl_fd. 0 or an error. */
int role_init(struct role *r, enum role_kind kind, unsigned index, const struct role_setup *s,
              int ctl_fd) NODISCARD;
int role_run(struct role *r) NODISCARD; /* until stopped; flushes the control channel */
void role_done(struct role *r);

/* The mains of the roles: an exit status. */
int role_recorder_main(const struct role_setup *s, unsigned index, int ctl_fd);
int role_learner_main(const struct role_setup *s, unsigned index, int ctl_fd);
int role_sensor_main(const struct role_setup *s, unsigned index, int ctl_fd);
int role_fetcher_main(const struct role_setup *s, unsigned index, int ctl_fd);

/* Prepares and runs everything until SIGTERM or SIGINT: an exit status. */
int role_monitor_main(const struct conf *conf);

#endif
