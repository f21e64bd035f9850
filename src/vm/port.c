/* port.c -- the host's ends of terminals and pipes.
 *
 * What happens in the machine only marks a port; the host hears of it between
 * slices, so it may do what it likes in a callback but free the machine.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "vm/priv.h"

enum { RATE_BURST = 4 }; /* seconds of output that may come at once */

struct vm_port *port_new(struct vm *vm, const struct vm_port_events *ev)
{
    struct vm_port *port = k_alloc(vm, sizeof(*port));
    if (!port)
        return NULL;
    port->vm = vm;
    port->ev = *ev;
    list_init(&port->dirty);
    port->rate_left = vm->world->conf.limits.output_rate * RATE_BURST;
    port->rate_at_us = clock_mono_us(vm->world->clock);
    return port;
}

void port_mark(struct vm_port *port, bool readable, bool writable)
{
    port->readable |= readable;
    port->writable |= writable;
    if (list_empty(&port->dirty))
        list_push(&port->vm->world->dirty, &port->dirty);
}

void port_flush_all(struct vm_world *w)
{
    /* One round: what callbacks mark anew waits for the next. */
    struct list batch;
    if (list_empty(&w->dirty))
        return;
    list_init(&batch);
    list_add_between(&batch, w->dirty.prev, &w->dirty);
    list_del(&w->dirty);
    while (!list_empty(&batch)) {
        struct vm_port *port = LIST_ENTRY(batch.next, struct vm_port, dirty);
        bool readable = port->readable, writable = port->writable;
        list_del(&port->dirty);
        port->readable = port->writable = false;
        port->busy = true;
        if (readable && port->ev.readable && !port->closed)
            port->ev.readable(port->ev.ctx);
        if (writable && port->ev.writable && !port->closed)
            port->ev.writable(port->ev.ctx);
        port->busy = false;
        if (port->closed)
            k_free(port->vm, port, sizeof(*port));
    }
}

static struct ring *out_ring(const struct vm_port *port)
{
    if (port->tty)
        return port->tty->stopped ? NULL : &port->tty->out;
    return port->out ? &port->out->ring : NULL;
}

static void rate_over(struct vm_timer *t)
{
    struct vm_port *port = LIST_ENTRY(t, struct vm_port, rate_timer);
    port_mark(port, true, false);
}

/* How many of n bytes may go out now. */
static size_t rate_allows(struct vm_port *port, size_t n)
{
    struct vm_world *w = port->vm->world;
    uint64_t rate = w->conf.limits.output_rate;
    if (!rate)
        return n;
    int64_t now = clock_mono_us(w->clock);
    uint64_t more = (uint64_t)(now - port->rate_at_us) * rate / 1000000;
    if (more) {
        port->rate_left += more;
        if (port->rate_left > rate * RATE_BURST)
            port->rate_left = rate * RATE_BURST;
        port->rate_at_us = now;
    }
    if (n && !port->rate_left) {
        limit_hit(port->vm, NULL, LIMIT_OUTPUT);
        port->rate_timer.fn = rate_over;
        timer_set(w, &port->rate_timer, now + 50000);
        return 0;
    }
    return n < port->rate_left ? n : (size_t)port->rate_left;
}

size_t vm_port_peek(struct vm_port *port, const uint8_t **p)
{
    struct ring *r = out_ring(port);
    if (!r || !r->len)
        return 0;
    return rate_allows(port, ring_peek(r, p));
}

void vm_port_consume(struct vm_port *port, size_t n)
{
    struct ring *r = out_ring(port);
    if (!r)
        return;
    if (port->vm->world->conf.limits.output_rate)
        port->rate_left -= n < port->rate_left ? n : port->rate_left;
    ring_drop(port->vm, r, n);
    if (port->tty)
        tty_output_drained(port->tty);
    else if (r->len <= PIPE_SIZE / 2)
        waitq_wake(&port->out->can_write);
}

bool vm_port_eof(const struct vm_port *port)
{
    if (port->tty)
        return port->tty->refs <= 1 && !port->tty->out.len;
    return !port->out || (!port->out->ring.len && !port->out->writers);
}

size_t vm_port_room(const struct vm_port *port)
{
    if (port->tty)
        return tty_room(port->tty);
    return port->in && !port->shut && port->in->readers ? PIPE_SIZE - port->in->ring.len : 0;
}

size_t vm_port_write(struct vm_port *port, const void *p, size_t n)
{
    port->vm->last_used_us = clock_mono_us(port->vm->world->clock);
    if (port->tty)
        return tty_input(port->tty, p, n);
    if (!port->in || port->shut)
        return 0;
    if (!port->in->readers)
        return n; /* nobody will ever read it: swallowed */
    size_t k = ring_put(port->vm, &port->in->ring, p, n, PIPE_SIZE);
    if (k)
        waitq_wake(&port->in->can_read);
    return k;
}

void vm_port_shut_write(struct vm_port *port)
{
    if (port->shut || !port->in)
        return;
    port->shut = true;
    port->in->writer_port = NULL;
    pipe_drop(port->vm, port->in, true);
    port->in = NULL;
}

void vm_port_close(struct vm_port *port)
{
    if (!port)
        return;
    struct vm *vm = port->vm;
    timer_stop(vm->world, &port->rate_timer);
    vm_port_shut_write(port);
    if (port->out) {
        port->out->reader_port = NULL;
        pipe_drop(vm, port->out, false);
        port->out = NULL;
    }
    if (port->tty) {
        struct vm_tty *t = port->tty;
        t->port = NULL;
        port->tty = NULL;
        tty_hangup(t);
        tty_unref(t);
    }
    list_del(&port->dirty);
    if (port->busy)
        port->closed = true;
    else
        k_free(vm, port, sizeof(*port));
}

int vm_port_resize(struct vm_port *port, const struct winsize *size)
{
    if (!port->tty)
        return -ENOTTY;
    tty_resize(port->tty, size);
    return 0;
}

bool vm_port_echo(const struct vm_port *port)
{
    return port->tty && (port->tty->t.c_lflag & ECHO);
}
