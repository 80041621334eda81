/* page_proof: the foot of a page: the hash of what is shown, of which positions it is, and how to check it.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "dashboard/core_view.h"
#include "dashboard/page.h"

#include <inttypes.h>
#include <stdlib.h>

void dash_part_proof(cv_buf_t *buf, const dash_page_t *page)
{
    const json_t *proof = dash_mirror_get(page->mirror, "proof", "all"),
                 *positions = json_object_get(proof, "positions");
    size_t n;
    cv_buf_printf(buf, "<footer><p class=\"quiet\" data-view=\"proof\">");
    if (proof) {
        dash_put_with(buf, page, DASH_W_proof, "");
        cv_buf_printf(buf, "<a href=\"/api/proof\"><code>");
        dash_put_text(buf, dash_str(proof, "hash"));
        cv_buf_printf(buf, "</code></a>");
        json_t *names = json_object(), *position;
        const char *stream;
        json_object_foreach((json_t *)positions, stream, position)
        {
            json_object_set_new(
                names, stream, json_pack("{s:s, s:I}", "stream", stream, "seq", (json_int_t)dash_int(position, "seq")));
        }
        const json_t **rows = dash_sorted(names, NULL, &n);
        for (size_t i = 0; i < n; i++) {
            cv_buf_printf(buf, " <span>");
            dash_put_text(buf, dash_str(rows[i], "stream"));
            cv_buf_printf(buf, " %" PRId64 "</span>", dash_int(rows[i], "seq"));
        }
        free((void *)rows);
        json_decref(names);
        cv_buf_printf(buf, " <code>convene audit view</code>");
    }
    cv_buf_printf(buf, "</p></footer>");
}
