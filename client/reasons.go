package client

import (
	"strings"

	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

// reasonError is a reason to compare with, by errors.Is.
type reasonError veiviserv1.ErrorReason

// Error is the name of the reason.
func (r reasonError) Error() string {
	return strings.TrimPrefix(veiviserv1.ErrorReason(r).String(), reasonPrefix)
}

// The reasons of the contract, for errors.Is. [veiviserv1.ErrorReason] says what each means.
const (
	ErrInternal           = reasonError(veiviserv1.ErrorReason_ERROR_REASON_INTERNAL)
	ErrInvalidField       = reasonError(veiviserv1.ErrorReason_ERROR_REASON_INVALID_FIELD)
	ErrUnknownPlacement   = reasonError(veiviserv1.ErrorReason_ERROR_REASON_UNKNOWN_PLACEMENT)
	ErrUnknownItem        = reasonError(veiviserv1.ErrorReason_ERROR_REASON_UNKNOWN_ITEM)
	ErrUnknownEventType   = reasonError(veiviserv1.ErrorReason_ERROR_REASON_UNKNOWN_EVENT_TYPE)
	ErrUnknownVisitor     = reasonError(veiviserv1.ErrorReason_ERROR_REASON_UNKNOWN_VISITOR)
	ErrUnknownAccount     = reasonError(veiviserv1.ErrorReason_ERROR_REASON_UNKNOWN_ACCOUNT)
	ErrUnknownDecision    = reasonError(veiviserv1.ErrorReason_ERROR_REASON_UNKNOWN_DECISION)
	ErrUnknownPlanVersion = reasonError(veiviserv1.ErrorReason_ERROR_REASON_UNKNOWN_PLAN_VERSION)
	ErrUnknownSegment     = reasonError(veiviserv1.ErrorReason_ERROR_REASON_UNKNOWN_SEGMENT)
	ErrMalformedID        = reasonError(veiviserv1.ErrorReason_ERROR_REASON_MALFORMED_ID)
	ErrBatchTooLarge      = reasonError(veiviserv1.ErrorReason_ERROR_REASON_BATCH_TOO_LARGE)
	ErrEventIDReused      = reasonError(veiviserv1.ErrorReason_ERROR_REASON_EVENT_ID_REUSED)
	ErrEventInFuture      = reasonError(veiviserv1.ErrorReason_ERROR_REASON_EVENT_IN_FUTURE)
	ErrVisitorMismatch    = reasonError(veiviserv1.ErrorReason_ERROR_REASON_VISITOR_MISMATCH)
	ErrInvalidPageToken   = reasonError(veiviserv1.ErrorReason_ERROR_REASON_INVALID_PAGE_TOKEN)
	ErrInvalidPlan        = reasonError(veiviserv1.ErrorReason_ERROR_REASON_INVALID_PLAN)
	ErrPlanChanged        = reasonError(veiviserv1.ErrorReason_ERROR_REASON_PLAN_CHANGED)
	ErrNoPlanPublished    = reasonError(veiviserv1.ErrorReason_ERROR_REASON_NO_PLAN_PUBLISHED)
	ErrItemChanged        = reasonError(veiviserv1.ErrorReason_ERROR_REASON_ITEM_CHANGED)
	ErrLinkConflict       = reasonError(veiviserv1.ErrorReason_ERROR_REASON_LINK_CONFLICT)
	ErrLinkLimit          = reasonError(veiviserv1.ErrorReason_ERROR_REASON_LINK_LIMIT)
	ErrConcurrentChange   = reasonError(veiviserv1.ErrorReason_ERROR_REASON_CONCURRENT_CHANGE)
	ErrStoreUnavailable   = reasonError(veiviserv1.ErrorReason_ERROR_REASON_STORE_UNAVAILABLE)
	ErrOverloaded         = reasonError(veiviserv1.ErrorReason_ERROR_REASON_OVERLOADED)
	ErrCorruptRecord      = reasonError(veiviserv1.ErrorReason_ERROR_REASON_CORRUPT_RECORD)
	ErrTooManyPlacements  = reasonError(veiviserv1.ErrorReason_ERROR_REASON_TOO_MANY_PLACEMENTS)
	ErrNotImplemented     = reasonError(veiviserv1.ErrorReason_ERROR_REASON_NOT_IMPLEMENTED)
	ErrRequestTooLarge    = reasonError(veiviserv1.ErrorReason_ERROR_REASON_REQUEST_TOO_LARGE)
	ErrStopping           = reasonError(veiviserv1.ErrorReason_ERROR_REASON_STOPPING)
	ErrGateClosed         = reasonError(veiviserv1.ErrorReason_ERROR_REASON_GATE_CLOSED)
	ErrUnknownDirective   = reasonError(veiviserv1.ErrorReason_ERROR_REASON_UNKNOWN_DIRECTIVE)
	ErrDirectiveLimit     = reasonError(veiviserv1.ErrorReason_ERROR_REASON_DIRECTIVE_LIMIT)
	ErrUnknownPurpose     = reasonError(veiviserv1.ErrorReason_ERROR_REASON_UNKNOWN_PURPOSE)
	ErrErased             = reasonError(veiviserv1.ErrorReason_ERROR_REASON_ERASED)
)
