package planpb

import (
	"strconv"

	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// KindFromProto translates a kind: "" for unspecified, the number in digits for one the contract does not know, so
// that whoever validates it can name it.
func KindFromProto(k veiviserv1.ItemKind) veiviser.ItemKind {
	switch k {
	case veiviserv1.ItemKind_ITEM_KIND_UNSPECIFIED:
		return ""
	case veiviserv1.ItemKind_ITEM_KIND_CONTENT:
		return veiviser.KindContent
	case veiviserv1.ItemKind_ITEM_KIND_OFFER:
		return veiviser.KindOffer
	case veiviserv1.ItemKind_ITEM_KIND_SERVICE:
		return veiviser.KindService
	case veiviserv1.ItemKind_ITEM_KIND_ASK:
		return veiviser.KindAsk
	}
	return veiviser.ItemKind(strconv.Itoa(int(k)))
}

// KindToProto translates a kind; what is none of them becomes unspecified.
func KindToProto(k veiviser.ItemKind) veiviserv1.ItemKind {
	switch k {
	case veiviser.KindContent:
		return veiviserv1.ItemKind_ITEM_KIND_CONTENT
	case veiviser.KindOffer:
		return veiviserv1.ItemKind_ITEM_KIND_OFFER
	case veiviser.KindService:
		return veiviserv1.ItemKind_ITEM_KIND_SERVICE
	case veiviser.KindAsk:
		return veiviserv1.ItemKind_ITEM_KIND_ASK
	}
	return veiviserv1.ItemKind_ITEM_KIND_UNSPECIFIED
}

// StatusFromProto translates a status; unspecified is live, as the contract says.
func StatusFromProto(s veiviserv1.ItemStatus) veiviser.ItemStatus {
	switch s {
	case veiviserv1.ItemStatus_ITEM_STATUS_UNSPECIFIED, veiviserv1.ItemStatus_ITEM_STATUS_LIVE:
		return veiviser.StatusLive
	case veiviserv1.ItemStatus_ITEM_STATUS_DRAFT:
		return veiviser.StatusDraft
	}
	return veiviser.ItemStatus(strconv.Itoa(int(s)))
}

// StatusToProto translates a status; "" is live, what is neither live nor draft becomes unspecified.
func StatusToProto(s veiviser.ItemStatus) veiviserv1.ItemStatus {
	switch s {
	case "", veiviser.StatusLive:
		return veiviserv1.ItemStatus_ITEM_STATUS_LIVE
	case veiviser.StatusDraft:
		return veiviserv1.ItemStatus_ITEM_STATUS_DRAFT
	}
	return veiviserv1.ItemStatus_ITEM_STATUS_UNSPECIFIED
}

func kindsFromProto(in []veiviserv1.ItemKind) []veiviser.ItemKind {
	return each(in, KindFromProto)
}

func kindsToProto(in []veiviser.ItemKind) []veiviserv1.ItemKind {
	return each(in, KindToProto)
}
