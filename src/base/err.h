/* err.h -- the one list of error codes that functions of this program return.
 *
 * A function that can fail returns 0 (or a count) on success and one of
 * these, all negative, otherwise. The virtual kernel (vm/, vfs/) is the
 * exception: its calls answer like Linux, with -errno.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#define NODISCARD __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))

enum err {
    ERR_OK = 0,
    ERR_AGAIN = -1,        /* not enough input yet, or would block */
    ERR_NOMEM = -2,        /* the host has no memory left */
    ERR_LIMIT = -3,        /* a limit of ours was reached */
    ERR_FORMAT = -4,       /* malformed input */
    ERR_RANGE = -5,        /* a value outside its range */
    ERR_NOTFOUND = -6,     /* no such thing */
    ERR_EXISTS = -7,       /* it is there already */
    ERR_DENIED = -8,       /* not allowed */
    ERR_CLOSED = -9,       /* the peer has gone */
    ERR_IO = -10,          /* reading or writing failed; see errno */
    ERR_CRYPTO = -11,      /* libcrypto refused */
    ERR_MAC = -12,         /* authentication of a packet failed */
    ERR_PROTOCOL = -13,    /* the peer broke the protocol */
    ERR_NOMATCH = -14,     /* no common algorithm */
    ERR_VERSION = -15,     /* a version we do not speak */
    ERR_BUSY = -16,        /* in use */
    ERR_TIMEOUT = -17,     /* too late */
    ERR_SYS = -18,         /* a system call failed; see errno */
    ERR_UNSUPPORTED = -19, /* not built, and said so */
};

/* A short English text for a code; never NULL, static storage. */
const char *err_text(int err);

#endif
