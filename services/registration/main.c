/* main: convene-registration, the service that decides registration requests.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "registration/registration.h"

int main(int argc, char **argv)
{
    return cv_service_main(&reg_service, argc, argv);
}
