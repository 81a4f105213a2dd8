#include "mm/registry.h"

#include "mm/gen/models.h"

static const struct gob_registered rows[] = {
	/* Go's type has been renamed, its registered name has not */
	{ "[]*model.SlackAttachment", &mm_type_message_attachment_slice },
	{ "*model.AppError", &mm_type_app_error },
	{ "*plugin.ErrorString", &mm_type_error_string },
	{ "*model.AutocompleteTextArg", &mm_type_autocomplete_text_arg },
	{ "*model.AutocompleteStaticListArg",
	    &mm_type_autocomplete_static_list_arg },
	{ "*model.AutocompleteDynamicListArg",
	    &mm_type_autocomplete_dynamic_list_arg },
	{ "*model.PreviewPost", &mm_type_preview_post },
	{ "*pq.Error", &mm_type_pq_error },
};

const struct gob_registry mm_registry = {
	rows,
	sizeof(rows) / sizeof(rows[0]),
};
