/* SPDX-License-Identifier: MIT */
/* A module's description as text: what the scanning child writes, what the cache keeps. Private to core/plugin.
 *
 * Lines of fields separated by tabs; in a field \t, \n, \r, \\ stand for themselves and \N for NULL:
 *
 *     module     id version license author url abi_minor N_COMPONENTS
 *     component  kind_id name flags iface_flags config_size summary doc provides conflicts hooks suffixes stage N_PARAMS N_SLOTS
 *     param      type flags offset key def min max active_if unit doc [choice ...]
 *     slot       kind flags min max config_size N_PARAMS        its own param lines follow
 *     broken     reason keep                                    instead of all the above
 *     offer      kind name                                      of a broken module
 *     end
 */
#ifndef HONE_PLUGIN_DESCRIBE_H
#define HONE_PLUGIN_DESCRIBE_H
#include "base/text.h"
#include "plugin/record.h"

void describe(const struct record *record, struct text *out);
/* Fills a zeroed record from the lines at *at, which is moved past "end"; the text is cut up in place and must
 * outlive the record. HONE_OK; HONE_EINVAL: not a description (the record may be half filled: release it);
 * HONE_ENOMEM. */
hone_rc describe_read(char **at, struct record *record);

/* Cuts the line at *at into at most n fields, undoing the escapes in place; *at moves to the next line. Number of
 * fields; more than n: there were more; 0: no whole line is left. */
size_t describe_fields(char **at, char **fields, size_t n);
void describe_add(struct text *out, const char *field); /* escaped, NULL as \N */
#endif
