/* modes.c -- terminal modes as a client sends them with pty-req (RFC 4254
 * section 8, RFC 8160).
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "session/modes.h"

#include <string.h>

#include "base/buf.h"

enum { TTY_OP_END = 0, TTY_OP_ISPEED = 128, TTY_OP_OSPEED = 129, TTY_OP_LAST = 159 };

enum field { CC, IFLAG, OFLAG, CFLAG, LFLAG };

static const struct mode {
    uint8_t op;
    uint8_t field;
    unsigned bits; /* flag bits, or the index into c_cc */
} modes[] = {
    {1, CC, VINTR},      {2, CC, VQUIT},       {3, CC, VERASE},     {4, CC, VKILL},
    {5, CC, VEOF},       {6, CC, VEOL},        {7, CC, VEOL2},      {8, CC, VSTART},
    {9, CC, VSTOP},      {10, CC, VSUSP},      {12, CC, VREPRINT},  {13, CC, VWERASE},
    {14, CC, VLNEXT},    {18, CC, VDISCARD},   {30, IFLAG, IGNPAR}, {31, IFLAG, PARMRK},
    {32, IFLAG, INPCK},  {33, IFLAG, ISTRIP},  {34, IFLAG, INLCR},  {35, IFLAG, IGNCR},
    {36, IFLAG, ICRNL},  {37, IFLAG, IUCLC},   {38, IFLAG, IXON},   {39, IFLAG, IXANY},
    {40, IFLAG, IXOFF},  {41, IFLAG, IMAXBEL}, {42, IFLAG, IUTF8},  {50, LFLAG, ISIG},
    {51, LFLAG, ICANON}, {52, LFLAG, XCASE},   {53, LFLAG, ECHO},   {54, LFLAG, ECHOE},
    {55, LFLAG, ECHOK},  {56, LFLAG, ECHONL},  {57, LFLAG, NOFLSH}, {58, LFLAG, TOSTOP},
    {59, LFLAG, IEXTEN}, {60, LFLAG, ECHOCTL}, {61, LFLAG, ECHOKE}, {62, LFLAG, PENDIN},
    {70, OFLAG, OPOST},  {71, OFLAG, OLCUC},   {72, OFLAG, ONLCR},  {73, OFLAG, OCRNL},
    {74, OFLAG, ONOCR},  {75, OFLAG, ONLRET},  {90, CFLAG, CS7},    {91, CFLAG, CS8},
    {92, CFLAG, PARENB}, {93, CFLAG, PARODD},
};

void modes_default(struct termios *t)
{
    static const cc_t cc[][2] = {
        {VINTR, 3},     {VQUIT, 28},   {VERASE, 127}, {VKILL, 21}, {VEOF, 4},
        {VMIN, 1},      {VSTART, 17},  {VSTOP, 19},   {VSUSP, 26}, {VREPRINT, 18},
        {VDISCARD, 15}, {VWERASE, 23}, {VLNEXT, 22},
    };

    memset(t, 0, sizeof *t);
    t->c_iflag = ICRNL | IXON;
    t->c_oflag = OPOST | ONLCR;
    t->c_cflag = CS8 | CREAD | B38400;
    t->c_lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN;
    for (size_t i = 0; i < sizeof cc / sizeof *cc; i++)
        t->c_cc[cc[i][0]] = cc[i][1];
    cfsetispeed(t, B38400);
    cfsetospeed(t, B38400);
}

static tcflag_t *flags_of(struct termios *t, enum field f)
{
    return f == IFLAG   ? &t->c_iflag
           : f == OFLAG ? &t->c_oflag
           : f == CFLAG ? &t->c_cflag
                        : &t->c_lflag;
}

static void apply(struct termios *t, const struct mode *m, uint32_t value)
{
    tcflag_t *flags;

    if (m->field == CC) {
        t->c_cc[m->bits] = value == 255 ? 0 : (cc_t)value; /* 255: disabled */
        return;
    }
    flags = flags_of(t, (enum field)m->field);
    if (m->bits == CS7 || m->bits == CS8) {
        if (value)
            *flags = (*flags & ~(tcflag_t)CSIZE) | m->bits;
    } else if (value) {
        *flags |= m->bits;
    } else {
        *flags &= ~(tcflag_t)m->bits;
    }
}

void modes_apply(struct termios *t, const uint8_t *p, size_t n)
{
    struct buf b = buf_wrap(p, n);
    uint8_t op;
    uint32_t value;

    while (buf_get_u8(&b, &op) == 0 && op != TTY_OP_END && op <= TTY_OP_LAST &&
           buf_get_u32(&b, &value) == 0) {
        for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
            if (modes[i].op == op)
                apply(t, &modes[i], value);
    }
}
