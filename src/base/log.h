/* log.h -- diagnostics for operators, one line each on standard error.
 *
 * What attackers did is not a diagnostic: that goes through event/. Attacker
 * bytes in a message are escaped here, so a log line is always one line.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/err.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

void log_set_level(enum log_level level);
void log_set_name(const char *role); /* printed before each message; static storage */
void log_at(enum log_level level, const char *fmt, ...) PRINTF_LIKE(2, 3);
#define log_error(...) log_at(LOG_ERROR, __VA_ARGS__)
#define log_warn(...) log_at(LOG_WARN, __VA_ARGS__)
#define log_info(...) log_at(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_at(LOG_DEBUG, __VA_ARGS__)

#endif
