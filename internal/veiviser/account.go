package veiviser

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// accountPrefix begins the identities under which accounts are kept. Ids of visitors are valid UTF-8, so none begins so.
const accountPrefix = "\xffaccount\x00"

// LeaveAccount is what the attributes [AttributeAccount] and [AttributeRole] say of who acts for no company, or has no role, any
// more. An empty text says nothing.
const LeaveAccount = "-"

// AccountKey is the identity under which the record of an account is kept beside those of visitors. It has the form of a
// [Visitor] of whom there are only Needs on group journeys, when they were spoken for first and last (FirstSeen, LastSeen), the
// number of events that did (Events), and Standing.Contacts. Nothing in it names a person.
func AccountKey(accountID string) string { return accountPrefix + accountID }

// AccountOf is the account kept under an identity; false when it is that of a visitor.
func AccountOf(key string) (accountID string, ok bool) { return strings.CutPrefix(key, accountPrefix) }

// AccountEventID is the id under which an account counts a member's event: the same for the same event of the same person, and
// never that of another's. Nobody can read it back.
func AccountEventID(member, eventID string) string {
	h := sha256.New()
	h.Write([]byte(member))
	h.Write([]byte{0})
	h.Write([]byte(eventID))
	return hex.EncodeToString(h.Sum(nil)[:16])
}
