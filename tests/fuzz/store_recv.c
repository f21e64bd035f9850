/* store_recv.c -- a sensor that has gone mad: any messages in any order.
 *
 * Input: type u8, length u8 * 4 bytes, body ... Numbers are put in front so that
 * bodies are reached.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "store/store.h"

static void no_reply(void *ctx, uint32_t type, const void *body, size_t n)
{
    (void)ctx, (void)type, (void)body, (void)n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct store *store;
    static struct store_sender *sender;
    static struct clock clock;
    static uint64_t number;
    static char dir[] = "/tmp/qrassh-fuzz-XXXXXX";
    char why[300];
    struct buf b;

    buf_init(&b, 8192);
    if (!store) {
        log_set_level(LOG_ERROR);
        clock_init(&clock);
        struct store_conf conf = {.dir = dir, .sensor = "s", .uuid = "u", .clock = &clock};
        if (!mkdtemp(dir) || store_open(&conf, &store, why, sizeof why) ||
            !(sender = store_sender_new(store, no_reply, NULL)))
            abort();
        if (buf_put_u64(&b, 1) || buf_put_cstring(&b, "x"))
            abort();
        store_recv(sender, STORE_MSG_HELLO, buf_ptr(&b), buf_len(&b), -1);
    }
    while (n >= 2) {
        size_t len = (size_t)data[1] * 4 < n - 2 ? (size_t)data[1] * 4 : n - 2;
        buf_clear(&b);
        if (buf_put_u64(&b, ++number) || buf_put(&b, data + 2, len))
            abort();
        store_recv(sender, (data[0] & 7) | STORE_MSG_NUMBERED, buf_ptr(&b), buf_len(&b), -1);
        data += 2 + len;
        n -= 2 + len;
    }
    buf_done(&b);
    if (store_pending(store) > 1 << 20 && store_commit(store))
        abort();
    return 0;
}
