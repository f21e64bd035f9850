/* test_parse.c -- trees from text: shapes, errors, positions.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "shell/parse.h"

static struct arena_budget budget = {.max = 64u << 20};

struct parsed {
    struct arena *a;
    struct parser p;
    struct node *n;
    enum parse_result r;
};

static void parse(struct parsed *x, const char *text, bool dash)
{
    static const bool extglob = true;
    struct parse_host host = {.dash = dash, .extglob = &extglob};
    x->a = arena_new(&budget, 0);
    assert_non_null(x->a);
    parse_init(&x->p, x->a, &host);
    parse_feed(&x->p, text, strlen(text));
    x->r = parse_command(&x->p, x->a, &x->n);
}

static void test_shapes(void **state)
{
    (void)state;
    struct parsed x;
    parse(&x, "a=1 cmd \"$x\"y >f | wc && ! true; sleep 1 &\n", false);
    assert_int_equal(x.r, PARSE_OK);
    assert_int_equal(x.n->kind, NODE_LIST);
    assert_int_equal(x.n->items->node->kind, NODE_ANDOR);
    assert_int_equal(x.n->items->next->op, '&');
    struct node *pipe = x.n->items->node->items->node;
    assert_int_equal(pipe->kind, NODE_PIPE);
    struct node *cmd = pipe->items->node;
    assert_string_equal(cmd->assigns->name, "a");
    assert_int_equal(cmd->redirs->op, REDIR_OUT);
    struct seg *s = cmd->words->next->segs;
    assert_int_equal(s->kind, SEG_PARAM);
    assert_true(s->quoted);
    assert_false(s->next->quoted);
    arena_free(x.a);
}

static void test_nested(void **state)
{
    (void)state;
    struct parsed x;
    parse(&x, "echo $(case x in x) echo ')';; esac) $((1+(2))) $((ls) | wc)", false);
    assert_int_equal(x.r, PARSE_OK);
    struct word *w = x.n->words->next;
    assert_int_equal(w->segs->tree->kind, NODE_CASE);
    assert_int_equal(w->next->segs->kind, SEG_ARITH);
    assert_int_equal(w->next->next->segs->kind, SEG_COMMAND);
    arena_free(x.a);
}

static void test_heredoc(void **state)
{
    (void)state;
    struct parsed x;
    parse(&x, "cat <<A <<-'B'\n$x\nA\n\t$y\n\tB\n", false);
    assert_int_equal(x.r, PARSE_OK);
    struct redir *r = x.n->redirs;
    assert_string_equal(r->body, "$x\n");
    assert_int_equal(r->target->segs->kind, SEG_PARAM);
    assert_string_equal(r->next->body, "$y\n");
    assert_int_equal(r->next->target->segs->kind, SEG_LIT);
    arena_free(x.a);
}

static void test_errors(void **state)
{
    (void)state;
    static const struct {
        const char *text, *error;
        bool dash, eof;
    } cases[] = {
        {"echo )", "syntax error near unexpected token `)'", false, false},
        {"if true; then", "syntax error: unexpected end of file", false, true},
        {"echo 'x", "unexpected EOF while looking for matching `''", false, true},
        {"a=1 ; ; b", "syntax error near unexpected token `;'", false, false},
        {"echo )", "\")\" unexpected", true, false},
        {"if true; fi", "\"fi\" unexpected (expecting \"then\")", true, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct parsed x;
        parse(&x, cases[i].text, cases[i].dash);
        assert_int_equal(x.r, PARSE_ERROR);
        assert_string_equal(x.p.error, cases[i].error);
        assert_int_equal(x.p.error_eof, cases[i].eof);
        arena_free(x.a);
    }
}

static void test_deep(void **state)
{
    (void)state;
    static char text[200001];
    memset(text, '(', 200000);
    struct parsed x;
    parse(&x, text, false);
    assert_int_equal(x.r, PARSE_ERROR);
    arena_free(x.a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shapes),  cmocka_unit_test(test_nested),
        cmocka_unit_test(test_heredoc), cmocka_unit_test(test_errors),
        cmocka_unit_test(test_deep),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
