/* err.c -- a text for each error code.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "base/err.h"

const char *err_text(int err)
{
    switch ((enum err)err) {
    case ERR_OK:
        return "no error";
    case ERR_AGAIN:
        return "more input is needed";
    case ERR_NOMEM:
        return "out of memory";
    case ERR_LIMIT:
        return "limit reached";
    case ERR_FORMAT:
        return "malformed input";
    case ERR_RANGE:
        return "value out of range";
    case ERR_NOTFOUND:
        return "not found";
    case ERR_EXISTS:
        return "exists already";
    case ERR_DENIED:
        return "not allowed";
    case ERR_CLOSED:
        return "closed by the peer";
    case ERR_IO:
        return "input or output failed";
    case ERR_CRYPTO:
        return "cryptographic operation failed";
    case ERR_MAC:
        return "message authentication failed";
    case ERR_PROTOCOL:
        return "protocol violation";
    case ERR_NOMATCH:
        return "no common algorithm";
    case ERR_VERSION:
        return "unsupported version";
    case ERR_BUSY:
        return "in use";
    case ERR_TIMEOUT:
        return "timed out";
    case ERR_SYS:
        return "system call failed";
    case ERR_UNSUPPORTED:
        return "not supported by this build";
    }
    return "unknown error";
}
