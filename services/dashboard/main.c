/* main: convene-dashboard, the service that shows.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "dashboard/dashboard.h"

int main(int argc, char **argv)
{
    return cv_service_main(&dash_service, argc, argv);
}
