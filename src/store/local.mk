noinst_LIBRARIES += src/store/libstore.a
src_store_libstore_a_SOURCES = \
	src/store/bind.c src/store/bind.h \
	src/store/cell.c src/store/handle.h \
	src/store/guard.c src/store/guard.h \
	src/store/merge.c \
	src/store/named.c src/store/named.h \
	src/store/query.c src/store/query.h \
	src/store/query_markdown.c \
	src/store/query_print.c src/store/query_print.h \
	src/store/query_table.c \
	src/store/query_text.c src/store/query_text.h \
	src/store/reader.c src/store/reader.h \
	src/store/schema.c src/store/schema.h \
	src/store/sql.c src/store/sql.h \
	src/store/store.c src/store/store.h \
	src/store/write.c src/store/write.h
