package api

import (
	"encoding/base64"
	"fmt"
	"hash/fnv"
	"io"
	"strconv"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// page makes and reads the tokens of one list under one filter. A token is opaque: base64url of a version, a checksum
// over list, filter and cursor, and the cursor. It is not secret; the checksum finds tokens of other lists, other filters
// and other services before they give an answer that nobody asked for.
type page struct{ key string }

const (
	pageVersion = 1
	pageHead    = 1 + 8 // version, checksum
)

// pageOf names a list and what it is filtered by.
func pageOf(list string, filter ...string) page {
	return page{key: fmt.Sprintf("%q%q", list, filter)}
}

// token is the page token for the page after cursor; "" for none.
func (p page) token(cursor string) string {
	if cursor == "" {
		return ""
	}
	b := append([]byte{pageVersion}, p.sum(cursor)...)
	return base64.RawURLEncoding.EncodeToString(append(b, cursor...))
}

// cursor reads a token; "" is the first page and has none.
func (p page) cursor(token string) (string, error) {
	if token == "" {
		return "", nil
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(b) <= pageHead || b[0] != pageVersion || string(b[1:pageHead]) != string(p.sum(string(b[pageHead:]))) {
		return "", errPageToken()
	}
	return string(b[pageHead:]), nil
}

// number reads a token whose cursor is a positive number; 0 is the first page.
func (p page) number(token string) (uint64, error) {
	c, err := p.cursor(token)
	if err != nil || c == "" {
		return 0, err
	}
	n, err := strconv.ParseUint(c, 10, 64)
	if err != nil || n == 0 {
		return 0, errPageToken()
	}
	return n, nil
}

func (p page) sum(cursor string) []byte {
	h := fnv.New64a()
	_, _ = io.WriteString(h, p.key+"\x00"+cursor) // a hash takes everything
	return h.Sum(nil)
}

func errPageToken() error {
	return veiviser.Invalid(veiviser.ReasonInvalidPageToken, "page_token", "was not issued by this service for this list; begin with an empty one")
}

// pageSize is the size asked for, or def for none.
func pageSize(asked int32, def int) int {
	if asked <= 0 {
		return def
	}
	return int(asked)
}
