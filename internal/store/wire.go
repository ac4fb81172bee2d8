package store

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math"
	"slices"
	"time"
)

// maxRecordBytes bounds what is written as one value and what is read back.
const maxRecordBytes = 8 << 20

var (
	errTruncated = errors.New("truncated or over long")
	errVersion   = errors.New("unknown version")
	errChecksum  = errors.New("checksum does not match")
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// writer appends values to buf. Times are written relative to base.
type writer struct {
	buf  []byte
	base int64
}

func (w *writer) byte(b byte) { w.buf = append(w.buf, b) }

func (w *writer) uint(n uint64) {
	if n < 0x80 { // the common case
		w.buf = append(w.buf, byte(n))
		return
	}
	w.buf = binary.AppendUvarint(w.buf, n)
}

func (w *writer) int(n int64) { w.buf = binary.AppendVarint(w.buf, n) }
func (w *writer) float(f float64) {
	w.buf = binary.LittleEndian.AppendUint64(w.buf, math.Float64bits(f))
}

func (w *writer) bool(b bool) {
	if b {
		w.buf = append(w.buf, 1)
	} else {
		w.buf = append(w.buf, 0)
	}
}

// string writes a word of the dictionary as its index, anything else with its length.
func (w *writer) string(s string) {
	if i, ok := lookup(s); ok {
		w.uint(i<<1 | 1)
		return
	}
	w.uint(uint64(len(s)) << 1)
	w.buf = append(w.buf, s...)
}

// raw writes bytes with their length.
func (w *writer) raw(s string) {
	w.uint(uint64(len(s)))
	w.buf = append(w.buf, s...)
}

func (w *writer) strings(list []string) {
	w.uint(uint64(len(list)))
	for _, s := range list {
		w.string(s)
	}
}

// stringMap writes m sorted by key, so that equal values have equal bytes.
func (w *writer) stringMap(m map[string]string) {
	w.uint(uint64(len(m)))
	if len(m) == 0 {
		return
	}
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		w.string(k)
		w.string(m[k])
	}
}

// Times: 0 is the zero time, 1 is followed by seconds and nanoseconds, anything else is the distance to base plus 2.
const (
	timeZero     = 0
	timeExplicit = 1
	timeOffset   = 2
)

// nearNow reports whether t is within 280 years of 1970, so that nanoseconds since then fit 64 bits.
func nearNow(t time.Time) bool {
	s := t.Unix()
	return -8_800_000_000 < s && s < 8_800_000_000
}

func (w *writer) time(t time.Time) {
	if t.IsZero() {
		w.uint(timeZero)
		return
	}
	if nearNow(t) {
		d := t.UnixNano() - w.base
		if z := uint64(d<<1) ^ uint64(d>>63); z < math.MaxUint64-timeOffset {
			w.uint(z + timeOffset)
			return
		}
	}
	w.uint(timeExplicit)
	w.int(t.Unix())
	w.uint(uint64(t.Nanosecond()))
}

// baseTime writes t and makes it what the following times are relative to.
func (w *writer) baseTime(t time.Time) {
	w.base = 0
	w.time(t)
	if nearNow(t) {
		w.base = t.UnixNano()
	}
}

// reader reads what writer wrote. The strings it returns share the memory of s. After a failure it returns zero values,
// and err says so.
type reader struct {
	s    string
	pos  int
	base int64
	// version is the number of the layout; see payload.
	version byte
	err     error
}

// payload reads the first byte of a payload, the version of the layout of what follows. It reports whether this code
// knows it.
func (r *reader) payload() bool {
	r.version = r.byte()
	return r.version >= 1 && r.version <= codecVersion
}

func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
		r.pos = len(r.s)
	}
}

func (r *reader) left() int { return len(r.s) - r.pos }

// done reports the first failure, or that something is left over.
func (r *reader) done() error {
	if r.err == nil && r.left() != 0 {
		return errTruncated
	}
	return r.err
}

func (r *reader) byte() byte {
	if r.left() < 1 {
		r.fail(errTruncated)
		return 0
	}
	b := r.s[r.pos]
	r.pos++
	return b
}

func (r *reader) bool() bool {
	b := r.byte()
	if b > 1 {
		r.fail(errTruncated)
	}
	return b == 1
}

func (r *reader) uint() uint64 {
	if r.pos < len(r.s) && r.s[r.pos] < 0x80 { // the common case
		r.pos++
		return uint64(r.s[r.pos-1])
	}
	var n uint64
	for shift := uint(0); shift < 64; shift += 7 {
		if r.pos >= len(r.s) {
			break
		}
		b := r.s[r.pos]
		r.pos++
		if shift == 63 && b > 1 {
			break
		}
		n |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return n
		}
	}
	r.fail(errTruncated)
	return 0
}

func (r *reader) int() int64 {
	n := r.uint()
	return int64(n>>1) ^ -int64(n&1)
}

func (r *reader) uint32() uint32 {
	n := r.uint()
	if n > math.MaxUint32 {
		r.fail(errTruncated)
		return 0
	}
	return uint32(n)
}

func (r *reader) float() float64 {
	if r.left() < 8 {
		r.fail(errTruncated)
		return 0
	}
	s := r.s[r.pos : r.pos+8]
	r.pos += 8
	return math.Float64frombits(uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56)
}

func (r *reader) bytes(n uint64) string {
	if n > uint64(r.left()) {
		r.fail(errTruncated)
		return ""
	}
	s := r.s[r.pos : r.pos+int(n)]
	r.pos += int(n)
	return s
}

func (r *reader) raw() string { return r.bytes(r.uint()) }

func (r *reader) string() string {
	n := r.uint()
	if n&1 == 0 {
		return r.bytes(n >> 1)
	}
	if n>>1 >= uint64(len(dictionary)) {
		r.fail(errTruncated)
		return ""
	}
	return dictionary[n>>1]
}

// count reads the length of a list whose elements take at least size bytes each, so that a hostile length cannot make
// the reader allocate more than a small multiple of what there is to read.
func (r *reader) count(size int) int {
	n := r.uint()
	if n > uint64(r.left()/size) {
		r.fail(errTruncated)
		return 0
	}
	return int(n)
}

func (r *reader) strings() []string {
	n := r.count(1)
	if n == 0 {
		return nil
	}
	list := make([]string, n)
	for i := range list {
		list[i] = r.string()
	}
	return list
}

func (r *reader) stringMap() map[string]string {
	n := r.count(2)
	if n == 0 {
		return nil
	}
	m := make(map[string]string, n)
	for range n {
		k := r.string()
		m[k] = r.string()
	}
	return m
}

func (r *reader) time() time.Time {
	switch n := r.uint(); n {
	case timeZero:
		return time.Time{}
	case timeExplicit:
		sec, nsec := r.int(), r.uint()
		if nsec >= uint64(time.Second) || sec < -1<<40 || sec > 1<<40 {
			r.fail(errTruncated)
			return time.Time{}
		}
		return time.Unix(sec, int64(nsec)).UTC()
	default:
		n -= timeOffset
		return time.Unix(0, r.base+(int64(n>>1)^-int64(n&1))).UTC()
	}
}

func (r *reader) baseTime() time.Time {
	r.base = 0
	t := r.time()
	if nearNow(t) {
		r.base = t.UnixNano()
	}
	return t
}

// seal appends the checksum of everything from start on.
func (w *writer) seal(start int) {
	w.buf = binary.BigEndian.AppendUint32(w.buf, crc32.Checksum(w.buf[start:], castagnoli))
}

// unseal checks and takes off the checksum.
func unseal(s string) (string, error) {
	if len(s) < 4 || len(s) > maxRecordBytes {
		return "", errTruncated
	}
	body, sum := s[:len(s)-4], s[len(s)-4:]
	want := uint32(sum[0])<<24 | uint32(sum[1])<<16 | uint32(sum[2])<<8 | uint32(sum[3])
	if checksum(body) != want {
		return "", errChecksum
	}
	return body, nil
}

// checksum is that of the bytes of s, without a copy of all of them.
func checksum(s string) uint32 {
	var sum uint32
	buf := make([]byte, min(len(s), 512))
	for len(s) > 0 {
		n := copy(buf, s)
		sum, s = crc32.Update(sum, castagnoli, buf[:n]), s[n:]
	}
	return sum
}
