/* main: convene-scheduling, the service that owns the plan, its events and their life.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "scheduling/handlers.h"

int main(int argc, char **argv)
{
    return cv_service_main(&sch_definition, argc, argv);
}
