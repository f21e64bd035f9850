/* proto.c -- messages to the recorder as bytes.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "store/proto.h"

static int put_str(struct buf *b, struct event_str s)
{
    int err = buf_put_bool(b, s.p != NULL);

    return err || !s.p ? err : buf_put_string(b, s.p, s.n);
}

static int get_str(struct buf *b, struct event_str *s)
{
    const uint8_t *p;
    size_t n;
    bool present;

    *s = (struct event_str){NULL, 0};
    if (buf_get_bool(b, &present))
        return ERR_FORMAT;
    if (!present)
        return 0;
    if (buf_get_string(b, &p, &n))
        return ERR_FORMAT;
    *s = event_sn(n ? (const char *)p : "", n);
    return 0;
}

int store_put_tty_open(struct buf *b, const struct store_tty_open *m)
{
    int err;

    if ((err = buf_put_u64(b, m->tty)) || (err = put_str(b, m->name)) ||
        (err = put_str(b, m->term)) || (err = put_str(b, m->command)) ||
        (err = put_str(b, m->user)) || (err = buf_put_u32(b, m->cols)) ||
        (err = buf_put_u32(b, m->rows)) || (err = put_str(b, m->head)))
        return err;
    return 0;
}

int store_get_tty_open(struct buf *b, struct store_tty_open *m)
{
    if (buf_get_u64(b, &m->tty) || get_str(b, &m->name) || get_str(b, &m->term) ||
        get_str(b, &m->command) || get_str(b, &m->user) || buf_get_u32(b, &m->cols) ||
        buf_get_u32(b, &m->rows) || get_str(b, &m->head) || !m->head.p || buf_len(b))
        return ERR_FORMAT;
    return 0;
}

int store_put_tty_data(struct buf *b, const struct store_tty_data *m)
{
    int err;

    if ((err = buf_put_u64(b, m->tty)) || (err = buf_put_u64(b, (uint64_t)m->real_us)) ||
        (err = buf_put_u8(b, (uint8_t)m->kind)) || (err = put_str(b, m->bytes)))
        return err;
    return 0;
}

int store_get_tty_data(struct buf *b, struct store_tty_data *m)
{
    uint64_t us;
    uint8_t kind;

    if (buf_get_u64(b, &m->tty) || buf_get_u64(b, &us) || buf_get_u8(b, &kind) ||
        get_str(b, &m->bytes) || !m->bytes.p || buf_len(b) || us > INT64_MAX ||
        !memchr("oirm", kind, 4))
        return ERR_FORMAT;
    m->real_us = (int64_t)us;
    m->kind = (char)kind;
    return 0;
}

int store_put_tty_close(struct buf *b, const struct store_tty_close *m)
{
    int err = buf_put_u64(b, m->tty);

    return err ? err : buf_put_u64(b, (uint64_t)m->real_us);
}

int store_get_tty_close(struct buf *b, struct store_tty_close *m)
{
    uint64_t us;

    if (buf_get_u64(b, &m->tty) || buf_get_u64(b, &us) || buf_len(b) || us > INT64_MAX)
        return ERR_FORMAT;
    m->real_us = (int64_t)us;
    return 0;
}

int store_put_artefact(struct buf *b, const struct store_artefact *m)
{
    int err;

    if ((err = put_str(b, m->event)) || (err = put_str(b, m->also)) ||
        (err = put_str(b, m->content)))
        return err;
    return 0;
}

int store_get_artefact(struct buf *b, struct store_artefact *m)
{
    if (get_str(b, &m->event) || get_str(b, &m->also) || get_str(b, &m->content) || !m->event.p ||
        buf_len(b))
        return ERR_FORMAT;
    return 0;
}
