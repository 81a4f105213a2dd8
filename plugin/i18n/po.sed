# A PO file as the rows of a table, line by line: PO's strings are C's.
1i\
#include "plugin/lang.h"\
extern const struct lang_text LANG_TEXTS[];\
const struct lang_text LANG_TEXTS[] = { { .english = ""\
#line 1 LANG_FILE
s/^#.*//
s/^msgid_plural /, .plural = /
s/^msgid /}, { .english = /
s/^msgstr\[\([0-9]\)\] /, .forms[\1] = /
s/^msgstr /, .forms[0] = /
$a\
}, { .english = NULL } };
