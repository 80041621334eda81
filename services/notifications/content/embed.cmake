# embed: writes templates, catalogues and samples as C arrays. cmake -DOUT=FILE -DDIR=services/notifications/content -P embed.cmake
# SPDX-License-Identifier: Apache-2.0
file(GLOB files LIST_DIRECTORIES false ${DIR}/templates/* ${DIR}/po/*.po ${DIR}/samples/*.json)
set(arrays "")
set(table "")
set(n 0)
foreach(file IN LISTS files)
    get_filename_component(name ${file} NAME)
    file(READ ${file} hex HEX)
    string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
    string(APPEND arrays "static const unsigned char s_${n}[] = {${bytes}};\n")
    string(APPEND table "    {\"${name}\", s_${n}, sizeof(s_${n})},\n")
    math(EXPR n "${n} + 1")
endforeach()
file(WRITE ${OUT} "/* Made by services/notifications/content/embed.cmake. Do not edit. */\n#include \"notifications/content/embedded.h\"\n\n${arrays}\n"
    "const ntf_embedded_t ntf_embedded[] = {\n${table}    {0, 0, 0},\n};\n")
