/* main: convene-notifications, the service that tells people.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "notifications/notifications.h"

int main(int argc, char **argv)
{
    return cv_service_main(&ntf_service, argc, argv);
}
