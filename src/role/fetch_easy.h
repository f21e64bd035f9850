/* fetch_easy.h -- a request as libcurl is to make it, walled in.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef ROLE_FETCH_EASY_H
#define ROLE_FETCH_EASY_H

#include <curl/curl.h>

#include "base/clock.h"
#include "role/fetch_guard.h"
#include "role/fetch_proto.h"

struct fetch_easy {
    CURL *curl;
    struct curl_slist *lines, *names;
    struct fetch_pass pass;
    const struct clock *clock;
};

struct fetch_easy_conf {
    struct fetch_guard *guard;
    const struct clock *clock;
    const void *ca; /* certificates, PEM; NULL: none is trusted */
    size_t ca_n;
    int64_t time_ms; /* for the whole transfer */
};

/* Everything but where the answer goes. req must outlive e. 0, ERR_NOMEM,
 * ERR_UNSUPPORTED (a scheme or method that is not carried out), ERR_FORMAT. */
int fetch_easy_init(struct fetch_easy *e, const struct fetch_start *req,
                    const struct fetch_easy_conf *conf) NODISCARD;
void fetch_easy_done(struct fetch_easy *e);

/* What a result of curl means for the machine. */
enum vm_fetch_error fetch_easy_error(const struct fetch_easy *e, CURLcode code);

#endif
