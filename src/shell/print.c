/* print.c -- trees as text: declare -f in bash's layout, and one line for jobs.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <string.h>

#include "shell/shell.h"

struct printer {
    struct str *out;
    int indent;
    bool flat; /* one line, for jobs */
    const struct redir *heres[16];
    int nheres;
    bool function; /* inside a function body */
};

static void print_node(struct printer *p, const struct node *n);

static void indent(struct printer *p)
{
    str_fill(p->out, ' ', (size_t)p->indent);
}

static void newline(struct printer *p)
{
    str_putc(p->out, '\n');
    indent(p);
}

static void flush_heres(struct printer *p)
{
    for (int i = 0; i < p->nheres; i++)
        str_printf(p->out, "\n%s%s", p->heres[i]->body, p->heres[i]->delim);
    p->nheres = 0;
}

static void print_redir(struct printer *p, const struct redir *r)
{
    static const char *const ops[] = {"<",  ">",  ">>",  ">|", "<>",  "<&",
                                      ">&", "&>", "&>>", "<<", "<<-", "<<<"};
    if (r->var)
        str_printf(p->out, "{%s}", r->var);
    else if (r->fd >= 0)
        str_printf(p->out, "%d", r->fd);
    else if (r->op == REDIR_DUP_OUT && r->target->text[strspn(r->target->text, "0123456789")] == 0)
        str_puts(p->out, "1");
    else if (r->op == REDIR_DUP_IN)
        str_puts(p->out, "0");
    str_puts(p->out, ops[r->op]);
    if (r->op == REDIR_HERE || r->op == REDIR_HERE_TABS) {
        if (r->quoted)
            str_printf(p->out, "'%s'", r->delim);
        else
            str_puts(p->out, r->delim);
        if (p->nheres < 16 && r->body)
            p->heres[p->nheres++] = r;
        return;
    }
    if (r->op == REDIR_DUP_IN || r->op == REDIR_DUP_OUT)
        str_puts(p->out, r->target->text);
    else
        str_printf(p->out, " %s", r->target->text);
}

static void print_redirs(struct printer *p, const struct redir *r)
{
    for (; r; r = r->next) {
        str_putc(p->out, ' ');
        print_redir(p, r);
    }
}

static void print_words(struct printer *p, const struct word *w)
{
    for (; w; w = w->next)
        str_printf(p->out, "%s%s", w->text, w->next ? " " : "");
}

static void print_simple(struct printer *p, const struct node *n)
{
    bool first = true;
    for (const struct assign *a = n->assigns; a; a = a->next) {
        str_printf(p->out, "%s%s", first ? "" : " ", a->whole->text);
        first = false;
    }
    for (const struct word *w = n->words; w; w = w->next) {
        str_printf(p->out, "%s%s", first ? "" : " ", w->text);
        first = false;
    }
    for (const struct redir *r = n->redirs; r; r = r->next) {
        if (!first)
            str_putc(p->out, ' ');
        first = false;
        print_redir(p, r);
    }
}

/* A body, indented on lines of its own; groups end without a semicolon. */
static void body(struct printer *p, const struct node *n, bool group)
{
    if (p->flat) {
        str_putc(p->out, ' ');
        if (n)
            print_node(p, n);
        str_puts(p->out, "; ");
        return;
    }
    p->indent += 4;
    newline(p);
    if (n)
        print_node(p, n);
    size_t len = p->out->n;
    if (p->nheres) {
        flush_heres(p);
        str_putc(p->out, '\n');
    } else if (!group && !(len && p->out->s[len - 1] == '&')) {
        str_putc(p->out, ';');
    }
    p->indent -= 4;
    newline(p);
}

static void print_list(struct printer *p, const struct node *n)
{
    for (const struct item *i = n->items; i; i = i->next) {
        print_node(p, i->node);
        if (i->op == '&')
            str_puts(p->out, " &");
        if (!i->next)
            break;
        if (p->nheres) {
            flush_heres(p);
            str_putc(p->out, '\n');
            newline(p);
        } else if (p->flat || (i->op == ';' && !p->function && p->indent == 0)) {
            str_puts(p->out, i->op == '&' ? " " : "; ");
        } else {
            if (i->op != '&')
                str_putc(p->out, ';');
            newline(p);
        }
    }
}

static void print_cond(struct printer *p, const struct cond *c)
{
    switch (c->op) {
    case COND_AND:
    case COND_OR:
        print_cond(p, c->left);
        str_puts(p->out, c->op == COND_AND ? " && " : " || ");
        print_cond(p, c->right);
        break;
    case COND_NOT:
        str_puts(p->out, "! ");
        print_cond(p, c->left);
        break;
    case COND_GROUP:
        str_puts(p->out, "( ");
        print_cond(p, c->left);
        str_puts(p->out, " )");
        break;
    case COND_UNARY:
        str_printf(p->out, "%s %s", c->name, c->a->text);
        break;
    case COND_BINARY:
        str_printf(p->out, "%s %s %s", c->a->text, c->name, c->b->text);
        break;
    case COND_WORD:
        str_puts(p->out, c->a->text);
        break;
    }
}

static void print_if(struct printer *p, const struct item *i)
{
    str_puts(p->out, "if ");
    print_node(p, i->cond);
    str_puts(p->out, "; then");
    body(p, i->node, false);
    if (i->next && i->next->cond) { /* elif prints as a nested if */
        str_puts(p->out, "else");
        p->indent += 4;
        if (p->flat)
            str_putc(p->out, ' ');
        else
            newline(p);
        print_if(p, i->next);
        p->indent -= 4;
        if (!p->flat) {
            str_putc(p->out, ';');
            newline(p);
        } else {
            str_puts(p->out, "; ");
        }
    } else if (i->next) {
        str_puts(p->out, "else");
        body(p, i->next->node, false);
    }
    str_puts(p->out, "fi");
}

static void print_case(struct printer *p, const struct node *n)
{
    str_printf(p->out, "case %s in ", n->words->text);
    p->indent += 4;
    for (const struct clause *c = n->clauses; c; c = c->next) {
        if (!p->flat)
            newline(p);
        for (const struct word *w = c->patterns; w; w = w->next)
            str_printf(p->out, "%s%s", w->text, w->next ? " | " : "");
        str_putc(p->out, ')');
        p->indent += 4;
        if (!p->flat)
            newline(p);
        else
            str_putc(p->out, ' ');
        if (c->body)
            print_node(p, c->body);
        p->indent -= 4;
        if (!p->flat)
            newline(p);
        str_puts(p->out, c->end == ';' ? ";;" : c->end == '&' ? ";&" : ";;&");
        if (p->flat)
            str_putc(p->out, ' ');
    }
    p->indent -= 4;
    if (!p->flat)
        newline(p);
    str_puts(p->out, "esac");
}

static void print_items(struct printer *p, const struct node *n)
{
    if (n->timed)
        str_puts(p->out, n->time_posix ? "time -p " : "time ");
    if (n->bang)
        str_puts(p->out, "! ");
    for (const struct item *i = n->items; i; i = i->next) {
        if (n->kind == NODE_ANDOR && i->op)
            str_puts(p->out, i->op == '&' ? " && " : " || ");
        print_node(p, i->node);
        if (n->kind == NODE_PIPE && i->next)
            str_puts(p->out, i->op == '&' ? " |& " : " | ");
    }
}

static void print_function_def(struct printer *p, const struct node *n)
{
    bool was = p->function;
    str_printf(p->out, "%s%s () ", p->function ? "function " : "", n->name);
    p->function = true;
    const struct node *b = n->body;
    newline(p);
    if (b->kind != NODE_GROUP) {
        str_puts(p->out, "{ ");
        body(p, b, true);
        str_putc(p->out, '}');
    } else {
        str_puts(p->out, "{ ");
        body(p, b->body, true);
        str_putc(p->out, '}');
        print_redirs(p, b->redirs);
    }
    p->function = was;
}

static void print_node(struct printer *p, const struct node *n)
{
    switch (n->kind) {
    case NODE_SIMPLE:
        print_simple(p, n);
        return;
    case NODE_PIPE:
    case NODE_ANDOR:
        print_items(p, n);
        return;
    case NODE_LIST:
        print_list(p, n);
        return;
    case NODE_SUBSHELL:
        str_puts(p->out, "( ");
        print_node(p, n->body);
        str_puts(p->out, " )");
        break;
    case NODE_GROUP:
        str_puts(p->out, p->flat ? "{" : "{ ");
        body(p, n->body, n->kind == NODE_GROUP);
        str_putc(p->out, '}');
        break;
    case NODE_IF:
        print_if(p, n->items);
        break;
    case NODE_WHILE:
    case NODE_UNTIL:
        str_puts(p->out, n->kind == NODE_WHILE ? "while " : "until ");
        print_node(p, n->cond);
        str_puts(p->out, "; do");
        body(p, n->body, n->kind == NODE_GROUP);
        str_puts(p->out, "done");
        break;
    case NODE_FOR:
    case NODE_SELECT:
        str_printf(p->out, "%s %s", n->kind == NODE_FOR ? "for" : "select", n->name);
        if (n->has_in) {
            str_puts(p->out, " in ");
            print_words(p, n->words);
        } else {
            str_puts(p->out, " in \"$@\"");
        }
        str_putc(p->out, ';');
        if (p->flat)
            str_putc(p->out, ' ');
        else
            newline(p);
        str_puts(p->out, "do");
        body(p, n->body, n->kind == NODE_GROUP);
        str_puts(p->out, "done");
        break;
    case NODE_CFOR:
        str_printf(p->out, "for ((%s; %s; %s))", n->init->text,
                   n->test->text + strspn(n->test->text, " "),
                   n->step->text + strspn(n->step->text, " "));
        if (p->flat)
            str_puts(p->out, "; ");
        else
            newline(p);
        str_puts(p->out, "do");
        body(p, n->body, n->kind == NODE_GROUP);
        str_puts(p->out, "done");
        break;
    case NODE_CASE:
        print_case(p, n);
        break;
    case NODE_FUNC:
        print_function_def(p, n);
        return;
    case NODE_ARITH:
        str_printf(p->out, "((%s))", n->text);
        break;
    case NODE_COND:
        str_puts(p->out, "[[ ");
        print_cond(p, n->expr);
        str_puts(p->out, " ]]");
        break;
    case NODE_COPROC:
        str_printf(p->out, "coproc %s ", n->name);
        print_node(p, n->body);
        break;
    }
    print_redirs(p, n->redirs);
}

void print_function(struct str *out, const struct node *n)
{
    struct printer p = {.out = out};
    print_function_def(&p, n);
    str_putc(out, '\n');
}

void print_command(struct str *out, const struct node *n)
{
    struct printer p = {.out = out, .flat = true};
    print_node(&p, n);
}
