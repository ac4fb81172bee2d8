package store

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strconv"
	"strings"
)

const (
	keyPrefix   = "vv1:"
	hashBytes   = 16
	answerBytes = 18 // 2 of partition, 16 random
)

// keyring builds every key there is; see the table in the package documentation.
type keyring struct {
	tenant     string
	partitions int
	open       string // "vv1:{T/"
	plan       string // "vv1:{T/plan}:"
	learn      string // "vv1:{T/learn}:"
}

func newKeyring(tenant string, partitions int) keyring {
	open := keyPrefix + "{" + escape(tenant) + "/"
	return keyring{tenant: tenant, partitions: partitions, open: open, plan: open + "plan}:", learn: open + "learn}:"}
}

// escape leaves only characters that mean nothing to Redis, its patterns and its hash tags.
func escape(s string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '.' || c == '-' {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte(hex[c>>4])
		b.WriteByte(hex[c&15])
	}
	return b.String()
}

// person names the keys of one identity.
type person struct {
	id        string
	partition int
	hash      string // 16 raw bytes
	base      string // "vv1:{T/p}:"
	name      string // base64url of hash
}

func (k *keyring) person(id string) person {
	buf := make([]byte, 0, 256)
	buf = append(buf, k.tenant...)
	buf = append(buf, 0)
	buf = append(buf, id...)
	sum := sha256.Sum256(buf)
	p := int(binary.BigEndian.Uint64(sum[hashBytes:]) % uint64(k.partitions))
	return person{
		id: id, partition: p, hash: string(sum[:hashBytes]), base: k.base(p),
		name: base64.RawURLEncoding.EncodeToString(sum[:hashBytes]),
	}
}

// base is what all keys of a partition begin with.
func (k *keyring) base(partition int) string { return k.open + strconv.Itoa(partition) + "}:" }

func (p *person) record() string  { return p.base + "v:" + p.name }
func (p *person) seen() string    { return p.base + "e:" + p.name }
func (p *person) marks() string   { return p.base + "m:" + p.name }
func (p *person) answers() string { return p.base + "i:" + p.name }
func (p *person) tomb() string    { return p.base + "t:" + p.name }
func (p *person) kept() string    { return p.base + "k:" + p.name }
func (p *person) outbox() string  { return p.base + "o" }
func (p *person) waiting() string { return p.base + "w" }

// token is what people are called where their identity must not stand.
func (p *person) token() string { return personToken(p.partition, p.name) }

// answerPrefix is what the keys of the partition's answers begin with.
func (p *person) answerPrefix() string { return p.base + "d:" }

func (k *keyring) outbox(partition int) string  { return k.base(partition) + "o" }
func (k *keyring) waiting(partition int) string { return k.base(partition) + "w" }
func (k *keyring) answer(partition int, id string) string {
	return k.base(partition) + "d:" + id
}

func (k *keyring) config() string   { return k.plan + "cfg" }
func (k *keyring) head() string     { return k.plan + "head" }
func (k *keyring) links() string    { return k.plan + "links" }
func (k *keyring) notes() string    { return k.plan + "n" }
func (k *keyring) items() string    { return k.plan + "ci" }
func (k *keyring) changes() string  { return k.plan + "cz" }
func (k *keyring) history() string  { return k.plan + "ch" }
func (k *keyring) switches() string { return k.plan + "sw" }
func (k *keyring) version(n uint64) string {
	return k.plan + "pv:" + strconv.FormatUint(n, 10)
}
func (k *keyring) versionPrefix() string { return k.plan + "pv:" }

func (k *keyring) lease() string    { return k.learn + "lease" }
func (k *keyring) fence() string    { return k.learn + "fence" }
func (k *keyring) snapshot() string { return k.learn + "snap" }
func (k *keyring) made() string     { return k.learn + "made" }
func (k *keyring) closed() string   { return k.learn + "closed" }

// personToken is "partition:hash"; the partition has to be in it, since the hash does not give it.
func personToken(partition int, name string) string { return strconv.Itoa(partition) + ":" + name }

// byToken names the keys of the identity behind a token, without the identity; false when it is no token of this tenant.
func (k *keyring) byToken(token string) (person, bool) {
	head, name, _ := strings.Cut(token, ":")
	p, err := strconv.ParseUint(head, 10, 16)
	if err != nil || int(p) >= k.partitions || strconv.FormatUint(p, 10) != head {
		return person{}, false
	}
	hash, err := base64.RawURLEncoding.Strict().DecodeString(name)
	if err != nil || len(hash) != hashBytes {
		return person{}, false
	}
	return person{partition: int(p), hash: string(hash), base: k.base(int(p)), name: name}, true
}

// newAnswerID draws an id that cannot be guessed and that says where the answer is kept.
func newAnswerID(partition int) string {
	var b [answerBytes]byte
	binary.BigEndian.PutUint16(b[:2], uint16(partition))
	_, _ = rand.Read(b[2:]) // never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// answerPartition reads the partition out of an answer's id; false when it is no id of this tenant.
func (k *keyring) answerPartition(id string) (int, bool) {
	if len(id) != base64.RawURLEncoding.EncodedLen(answerBytes) {
		return 0, false
	}
	var b [answerBytes]byte
	if n, err := base64.RawURLEncoding.Strict().Decode(b[:], []byte(id)); err != nil || n != answerBytes {
		return 0, false
	}
	p := int(binary.BigEndian.Uint16(b[:2]))
	return p, p < k.partitions
}

// splitDecisionID takes "answer.index" apart; index is -1 when there is none.
func splitDecisionID(id string) (answer string, index int) {
	answer, tail, ok := strings.Cut(id, ".")
	if !ok {
		return answer, -1
	}
	n, err := strconv.ParseUint(tail, 10, 16)
	if err != nil || strconv.FormatUint(n, 10) != tail {
		return "", -1
	}
	return answer, int(n)
}

// eventHash is what is remembered of an event id.
func eventHash(id string) uint64 {
	sum := sha256.Sum256([]byte(id))
	return binary.BigEndian.Uint64(sum[:8])
}
