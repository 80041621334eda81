/* order: the English alphabetical order of names.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Delegations are seated and listed in the order of their English short names. Letters count, whatever they wear
 * (Türkiye as Turkiye, Côte as Cote); case, points, apostrophes and a leading "The" do not; words are compared one by
 * one, so Guinea stands before Guinea-Bissau. Names that are the same so far are told apart by their octets, so that
 * the order is always the same. Letters of other scripts follow the Latin ones, by their numbers in Unicode.
 */
#ifndef CLI_ORDER_H
#define CLI_ORDER_H

/* Like strcmp. Names are UTF-8. */
int order_english(const char *a, const char *b);

#endif
