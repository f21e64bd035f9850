/* ipc.h -- messages between the roles, over SOCK_SEQPACKET pairs.
 *
 * One message is one packet: a type, a body, at most one descriptor. Larger
 * things travel as sealed memfds. Sending never blocks: what the socket will
 * not take waits in a bounded queue, and what the queue will not take is
 * refused to the caller, who decides (drop, spool, push back).
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef BASE_IPC_H
#define BASE_IPC_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/loop.h"

enum { IPC_MAX = 128 * 1024 }; /* bytes of a body */

struct ipc;
/* fd: -1 or a descriptor that is now the callee's. body is valid during the
 * call and aligned to 16. */
typedef void ipc_recv_fn(void *ctx, uint32_t type, const void *body, size_t n, int fd);
typedef void ipc_closed_fn(void *ctx);  /* the other end has gone; called once */
typedef void ipc_drained_fn(void *ctx); /* the queue fell below half after a refusal */

int ipc_pair(int fds[2]) NODISCARD; /* close-on-exec, non-blocking */
/* Takes over sock. queue_max: bytes that may wait. */
struct ipc *ipc_new(struct loop *l, int sock, size_t queue_max, ipc_recv_fn *recv,
                    ipc_closed_fn *closed, void *ctx) NODISCARD;
void ipc_free(struct ipc *c);
void ipc_on_drained(struct ipc *c, ipc_drained_fn *fn);
/* Sends or queues a copy. fd (or -1) is duplicated, the caller keeps its own.
 * 0, ERR_LIMIT (queue full), ERR_RANGE (body too long), ERR_CLOSED. */
int ipc_send(struct ipc *c, uint32_t type, const void *body, size_t n, int fd) NODISCARD;
size_t ipc_queued(const struct ipc *c);
/* Blocks until the queue is empty or ms have passed: only for shutdown. */
int ipc_flush(struct ipc *c, int ms) NODISCARD;

/* A sealed memfd with these bytes; the descriptor or a negative error. */
int ipc_memfd(const char *name, const void *p, size_t n) NODISCARD;
/* Maps a memfd read-only if it is sealed against change; ERR_DENIED if not. */
int ipc_memfd_map(int fd, const void **p, size_t *n) NODISCARD;
void ipc_memfd_unmap(const void *p, size_t n);

#endif
