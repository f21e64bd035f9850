/* sftp_priv.h -- the insides of the emulated sftp-server, shared by its files.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef SESSION_SFTP_PRIV_H
#define SESSION_SFTP_PRIV_H

#include <string.h>

#include "base/buf.h"
#include "base/str.h"
#include "vm/stdio.h"

enum {
    PACKET_MAX = 256 * 1024,
    READ_MAX = PACKET_MAX - 1024,
    HANDLES = 64, /* at first */
    NAMES_A_READDIR = 100,
};

enum {
    FXP_INIT = 1,
    FXP_VERSION,
    FXP_OPEN,
    FXP_CLOSE,
    FXP_READ,
    FXP_WRITE,
    FXP_LSTAT,
    FXP_FSTAT,
    FXP_SETSTAT,
    FXP_FSETSTAT,
    FXP_OPENDIR,
    FXP_READDIR,
    FXP_REMOVE,
    FXP_MKDIR,
    FXP_RMDIR,
    FXP_REALPATH,
    FXP_STAT,
    FXP_RENAME,
    FXP_READLINK,
    FXP_SYMLINK,
    FXP_STATUS = 101,
    FXP_HANDLE,
    FXP_DATA,
    FXP_NAME,
    FXP_ATTRS,
    FXP_EXTENDED = 200,
    FXP_EXTENDED_REPLY,
};

enum {
    ATTR_SIZE = 1,
    ATTR_UIDGID = 2,
    ATTR_PERMISSIONS = 4,
    ATTR_ACMODTIME = 8,
    ATTR_EXTENDED = 1u << 31
};
enum { PF_READ = 1, PF_WRITE = 2, PF_APPEND = 4, PF_CREAT = 8, PF_TRUNC = 16, PF_EXCL = 32 };

enum status {
    FX_OK,
    FX_EOF,
    FX_NO_SUCH_FILE,
    FX_PERMISSION_DENIED,
    FX_FAILURE,
    FX_BAD_MESSAGE,
    FX_NO_CONNECTION,
    FX_CONNECTION_LOST,
    FX_OP_UNSUPPORTED,
};
struct handle {
    bool used, dir, append;
    int fd;                    /* of a file */
    char *path;                /* of a directory */
    struct vm_dirent *entries; /* of a directory: . and .. come first */
    size_t n, next;
};

struct sftp {
    struct proc *p;
    struct buf in, out;     /* in: the request's payload */
    struct handle *handles; /* moves when it grows */
    uint32_t nhandles;
    uint32_t id, version;
    struct arena *scratch; /* of one request */
};

struct attrs {
    uint32_t flags, uid, gid, perm, atime, mtime;
    uint64_t size;
};
/* --- answers (sftp_wire.c); 0, or an error that ends the program ---------------- */
int sftp_begin(struct sftp *s, uint8_t type); /* type and request number */
int sftp_send_packet(struct sftp *s);         /* what was put since */
int sftp_put_attrs(struct buf *b, const struct vfs_stat *st);
int sftp_reply_status(struct sftp *s, enum status st);
int sftp_reply_text(struct sftp *s, enum status st, const char *text); /* in other words */
int sftp_reply_err(struct sftp *s, int err); /* the status for an errno, 0 is success */
int sftp_reply_attrs(struct sftp *s, const struct vfs_stat *st);
int sftp_reply_name(struct sftp *s, const char *name); /* one name without attributes */
int sftp_reply_handle(struct sftp *s, const struct handle *h);

/* --- parts of requests (sftp_wire.c) ----------------------------------------------- */
int sftp_get_text(struct sftp *s, char **out); /* in the scratch arena */
int sftp_get_attrs(struct sftp *s, struct attrs *a);
int sftp_get_handle(struct sftp *s, struct handle **h); /* *h NULL: none of ours */
struct handle *sftp_free_handle(struct sftp *s); /* NULL: as many are open as a process may have */
/* A queue of fixed size in the process's own memory. */
struct buf sftp_arena_buf(struct arena *a, size_t max);

/* --- requests that others are made of (sftp.c) ---------------------------------------- */
int sftp_set_of_path(struct sftp *s, bool follow);
int sftp_two_paths(struct sftp *s, int (*call)(struct proc *, const char *, const char *));
int sftp_reply_realpath(struct sftp *s, const char *path);

/* --- OpenSSH's extensions (sftp_ext.c) --------------------------------------------------- */
int sftp_init(struct sftp *s); /* answers with the version and their names */
int sftp_extended(struct sftp *s);

#endif
