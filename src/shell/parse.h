/* parse.h -- from bytes to a tree: lexer and recursive-descent parser.
 *
 * One complete command (up to its newline) is parsed at a time, so that
 * aliases, options and input position behave as in the real shells. The parser
 * knows nothing of processes: input, aliases and warnings arrive through
 * callbacks.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef SHELL_PARSE_H
#define SHELL_PARSE_H

#include <setjmp.h>
#include <stdbool.h>

#include "base/arena.h"
#include "base/str.h"
#include "shell/ast.h"

enum token {
    TOK_EOF,
    TOK_NEWLINE,
    TOK_WORD,
    TOK_SEMI,
    TOK_AMP,
    TOK_ANDAND,
    TOK_OROR,
    TOK_PIPE,
    TOK_PIPEAMP,
    TOK_LPAREN,
    TOK_RPAREN,
    TOK_DSEMI,
    TOK_SEMIAMP,
    TOK_DSEMIAMP,
    TOK_REDIR
};

enum parse_result { PARSE_OK, PARSE_EMPTY, PARSE_EOF, PARSE_ERROR };

struct parser;

struct parse_host {
    void *ctx;
    /* Appends the next line to the source text (str_add on p->src): false at the
     * end of input. NULL: the text is complete from the start. */
    bool (*more)(void *ctx, struct parser *p);
    const char *(*alias)(void *ctx, const char *name); /* NULL: none */
    void (*warn)(void *ctx, const char *text, int line);
    bool (*deep)(void *ctx); /* no stack left */
    void (*tick)(void *ctx, unsigned n);
    bool dash;
    bool posix;
    const bool *extglob; /* read at every word: shopt may change between commands */
};

struct parser {
    struct arena *a; /* of the tree under construction */
    struct parse_host host;
    struct str src;    /* the source read so far */
    size_t pos;        /* next byte */
    int line;          /* line number at pos */
    size_t line_start; /* where the current line begins */
    bool eof;          /* more() said so */
    /* the current token */
    enum token tok;
    struct word *word;
    enum redir_op redir_op;
    int redir_fd;          /* io number, -1 none */
    const char *redir_var; /* {var}, NULL none */
    size_t command_at;     /* where the command under construction begins */
    size_t tok_at;         /* where it begins */
    size_t tok_end;
    int tok_line;
    bool have; /* the token has been read and not used */
    /* what the parser expects of the next word */
    bool want_assign;
    bool want_alias;
    bool in_cond;
    bool regex; /* the right side of =~ */
    bool in_case_pat;
    size_t alias_end[16]; /* texts of aliases being expanded end here */
    const char *alias_name[16];
    int aliases;
    size_t alias_more_at; /* an alias ended in a blank: the word from here on too */
    int depth;
    int nested;          /* inside $( ) */
    struct redir *heres; /* here-documents whose bodies are still to come */
    jmp_buf *on_error;
    /* the outcome of a failed parse */
    char error[512];
    char expecting[32]; /* dash: what the grammar asked for */
    int error_line;
    bool error_eof;         /* more input would have helped */
    bool error_show;        /* bash shows the line as a second line */
    bool error_cond;        /* inside [[ ]] */
    int cond_line;          /* where that began */
    const char *error_text; /* that line */
};

void parse_init(struct parser *p, struct arena *src_arena, const struct parse_host *host);
/* Adds source text (whole scripts). */
void parse_feed(struct parser *p, const char *text, size_t n);
/* Parses one complete command into a's memory. PARSE_OK with *out (NULL for
 * an empty line: PARSE_EMPTY), PARSE_EOF, or PARSE_ERROR with error filled. */
enum parse_result parse_command(struct parser *p, struct arena *a, struct node **out);
/* Drops the text of commands already parsed. */
void parse_forget(struct parser *p);
/* Parses text as the inside of double quotes (prompts, here-documents): a word. */
struct word *parse_dquoted(struct parser *p, struct arena *a, const char *text, size_t n);
/* Parses text as one shell word as in an assignment's value: for compound values
 * given as strings. NULL on a syntax error. */
struct word *parse_elements(struct parser *p, struct arena *a, const char *text);

/* --- between lex.c, word.c and parse.c ---------------------------------- */
void parse_fail(struct parser *p, const char *fmt, ...) PRINTF_LIKE(2, 3) __attribute__((noreturn));
void parse_fail_eof(struct parser *p, int quote, int line) __attribute__((noreturn));
void parse_unexpected(struct parser *p) __attribute__((noreturn));
void *parse_alloc(struct parser *p, size_t n);
int lex_peek(struct parser *p);             /* byte at pos, or -1 at the end */
int lex_at(struct parser *p, size_t ahead); /* byte ahead, reads more lines if needed */
int lex_get(struct parser *p);
void lex_next(struct parser *p); /* reads the next token */
void lex_skip_newlines(struct parser *p);
bool lex_is_name(const char *s, size_t n);
struct word *word_read(struct parser *p); /* at a word's first byte */
struct word *word_arith(struct parser *p,
                        int stop); /* to "))" or stop at depth 0; NULL: not arithmetic */
struct node *parse_list_until(struct parser *p, enum token close); /* $( ): to ')' */
void parse_heredoc_bodies(struct parser *p);

#endif
