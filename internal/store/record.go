package store

import (
	"crypto/rand"
	"encoding/binary"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// kind is what a record holds.
type kind byte

const (
	kindNone    kind = 0   // there is no record
	kindVisitor kind = 'V' // a person
	kindAlias   kind = 'A' // a pointer to the identity the person is kept under
	kindPending kind = 'P' // a pointer whose content is not merged yet
)

const (
	headerBytes = 16 // revision and expiry
	tokenBytes  = 8
)

// record is what is kept for one identity.
type record struct {
	kind     kind
	revision uint64
	// expires is when the content is forgotten; the zero time leaves that to the expiry of the key.
	expires time.Time
	// visitor is the person, or what is still to be merged of her; nil when there is nothing.
	visitor *veiviser.Visitor
	// target is the identity an alias points to.
	target string
	// token names the link a pending alias belongs to, seen are the event ids that go with visitor.
	token, seen string
	// erased is when the identity was erased; it lies beside the record. Where there is no record, a change is compared with it
	// instead of the revision.
	erased time.Time
}

// encode writes the record.
func (c *record) encode() ([]byte, error) {
	w := writer{buf: make([]byte, 0, 3072+len(c.seen))}
	w.buf = binary.BigEndian.AppendUint64(w.buf, c.revision)
	w.buf = binary.BigEndian.AppendUint64(w.buf, uint64(toMillis(c.expires)))
	w.byte(byte(c.kind))
	w.byte(codecVersion)
	switch c.kind {
	case kindNone: // is never written
	case kindVisitor:
		w.visitor(c.visitor)
	case kindAlias:
		w.string(c.target)
	case kindPending:
		w.string(c.target)
		w.raw(c.token)
		w.raw(c.seen)
		w.bool(c.visitor != nil)
		if c.visitor != nil {
			w.visitor(c.visitor)
		}
	}
	w.seal(headerBytes)
	if len(w.buf) > maxRecordBytes {
		return nil, veiviser.Failed(veiviser.KindExhausted, veiviser.ReasonInvalidField, nil, "the visitor has grown too large")
	}
	return w.buf, nil
}

// decodeRecord reads a record; an empty string is no record. What has expired at now has no content any more, but still
// its revision.
func decodeRecord(s string, now time.Time) (record, error) {
	if s == "" {
		return record{}, nil
	}
	if len(s) < headerBytes {
		return record{}, corrupt(errTruncated)
	}
	c := record{revision: decodeRevision(s), expires: fromMillis(int64(decodeRevision(s[8:])))}
	if c.revision == 0 {
		return record{}, corrupt(errTruncated)
	}
	body, err := unseal(s[headerBytes:])
	if err != nil {
		return record{}, corrupt(err)
	}
	if !c.expires.IsZero() && !now.Before(c.expires) {
		c.kind = kindNone
		return c, nil
	}
	if err := c.decodeBody(body); err != nil {
		return record{}, err
	}
	return c, nil
}

func (c *record) decodeBody(body string) error {
	r := reader{s: body}
	c.kind = kind(r.byte())
	if !r.payload() {
		return corrupt(errVersion)
	}
	hasVisitor := false
	switch c.kind {
	case kindVisitor:
		hasVisitor = true
	case kindAlias:
		c.target = r.string()
	case kindPending:
		c.target = r.string()
		c.token = r.raw()
		c.seen = r.raw()
		hasVisitor = r.bool()
		if len(c.token) != tokenBytes {
			r.fail(errTruncated)
		}
	default:
		return corrupt(errVersion)
	}
	if hasVisitor {
		c.visitor = new(veiviser.Visitor)
		r.visitor(c.visitor)
	}
	if err := r.done(); err != nil {
		return corrupt(err)
	}
	return nil
}

func toMillis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func fromMillis(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms)
}

// decodeRevision reads the first 8 bytes of s.
func decodeRevision(s string) uint64 {
	var n uint64
	for i := range 8 {
		n = n<<8 | uint64(s[i])
	}
	return n
}

// wire is a revision as it is compared in scripts; 0 is "there must be nothing".
func wireRevision(n uint64) string {
	if n == 0 {
		return ""
	}
	return string(binary.BigEndian.AppendUint64(nil, n))
}

// nextRevision counts on, or draws the revision of a record that comes to be.
func nextRevision(n uint64) uint64 {
	if n != 0 {
		return n + 1
	}
	var b [4]byte
	for {
		_, _ = rand.Read(b[:]) // never fails
		if v := binary.BigEndian.Uint32(b[:]); v != 0 {
			return uint64(v)<<32 | 1
		}
	}
}

// keptAnswer is an answer with whose it is and until when.
type keptAnswer struct {
	owner   string
	expires time.Time
	answer  veiviser.Answer
}

// encodeAnswer writes a for owner.
func encodeAnswer(a *veiviser.Answer, owner string, expires time.Time) ([]byte, error) {
	w := writer{buf: make([]byte, 0, 6144)}
	w.buf = binary.BigEndian.AppendUint64(w.buf, uint64(expires.UnixMilli()))
	w.byte(codecVersion)
	w.string(owner)
	w.answer(a)
	w.seal(0)
	if len(w.buf) > maxRecordBytes {
		return nil, veiviser.Failed(veiviser.KindExhausted, veiviser.ReasonInvalidField, nil, "the answer is too large to be kept")
	}
	return w.buf, nil
}

// decodeAnswer reads what encodeAnswer wrote.
func decodeAnswer(s string) (*keptAnswer, error) {
	body, err := unseal(s)
	if err != nil {
		return nil, corrupt(err)
	}
	return decodeAnswerBody(body)
}

func decodeAnswerBody(body string) (*keptAnswer, error) {
	if len(body) < 8 {
		return nil, corrupt(errTruncated)
	}
	k := &keptAnswer{expires: time.UnixMilli(int64(decodeRevision(body)))}
	r := reader{s: body[8:]}
	if !r.payload() {
		return nil, corrupt(errVersion)
	}
	k.owner = r.string()
	r.answer(&k.answer)
	if err := r.done(); err != nil {
		return nil, corrupt(err)
	}
	return k, nil
}
