/* See switch.h. What stands on a stack that was left, upward: x19 to x30, d8 to d15, fpcr. */
	.text

	.equ	LGI_SIZE, 176

	.macro	save
	sub	sp, sp, #LGI_SIZE
	.cfi_adjust_cfa_offset LGI_SIZE
	stp	x29, x30, [sp, #0]
	stp	x19, x20, [sp, #16]
	stp	x21, x22, [sp, #32]
	stp	x23, x24, [sp, #48]
	stp	x25, x26, [sp, #64]
	stp	x27, x28, [sp, #80]
	stp	d8, d9, [sp, #96]
	stp	d10, d11, [sp, #112]
	stp	d12, d13, [sp, #128]
	stp	d14, d15, [sp, #144]
	saved_on_stack
	mrs	x2, fpcr
	str	x2, [sp, #160]
	mov	x3, sp
	str	x3, [x0]
	.endm

	.macro	saved_on_stack
	.cfi_def_cfa sp, LGI_SIZE
	.cfi_rel_offset x29, 0
	.cfi_rel_offset x30, 8
	.cfi_rel_offset x19, 16
	.cfi_rel_offset x20, 24
	.cfi_rel_offset x21, 32
	.cfi_rel_offset x22, 40
	.cfi_rel_offset x23, 48
	.cfi_rel_offset x24, 56
	.cfi_rel_offset x25, 64
	.cfi_rel_offset x26, 72
	.cfi_rel_offset x27, 80
	.cfi_rel_offset x28, 88
	.cfi_rel_offset d8, 96
	.cfi_rel_offset d9, 104
	.cfi_rel_offset d10, 112
	.cfi_rel_offset d11, 120
	.cfi_rel_offset d12, 128
	.cfi_rel_offset d13, 136
	.cfi_rel_offset d14, 144
	.cfi_rel_offset d15, 152
	.endm

	/* From the stack that sp is on by now; x2 is fpcr. */
	.macro	restore
	ldr	x4, [sp, #160]
	cmp	x2, x4
	b.eq	6f
	msr	fpcr, x4
6:	ldp	x29, x30, [sp, #0]
	ldp	x19, x20, [sp, #16]
	ldp	x21, x22, [sp, #32]
	ldp	x23, x24, [sp, #48]
	ldp	x25, x26, [sp, #64]
	ldp	x27, x28, [sp, #80]
	ldp	d8, d9, [sp, #96]
	ldp	d10, d11, [sp, #112]
	ldp	d12, d13, [sp, #128]
	ldp	d14, d15, [sp, #144]
	add	sp, sp, #LGI_SIZE
	.cfi_def_cfa sp, 0
	.cfi_restore x29
	.cfi_restore x30
	.cfi_restore x19
	.cfi_restore x20
	.cfi_restore x21
	.cfi_restore x22
	.cfi_restore x23
	.cfi_restore x24
	.cfi_restore x25
	.cfi_restore x26
	.cfi_restore x27
	.cfi_restore x28
	.cfi_restore d8
	.cfi_restore d9
	.cfi_restore d10
	.cfi_restore d11
	.cfi_restore d12
	.cfi_restore d13
	.cfi_restore d14
	.cfi_restore d15
	.endm

	/* Why there are three, says switch_x86_64.S. */
	.globl	lgi_switch
	.hidden	lgi_switch
	.type	lgi_switch, %function
	.p2align 4
lgi_switch:
	.cfi_startproc
	hint	#34 /* bti c */
	save
	mov	sp, x1
	restore
	ret
	.cfi_endproc
	.size	lgi_switch, .-lgi_switch

	.globl	lgi_switch_first
	.hidden	lgi_switch_first
	.type	lgi_switch_first, %function
	.p2align 4
lgi_switch_first:
	.cfi_startproc
	hint	#34
	save
	mov	sp, x1
	restore
	mov	x16, x30
	br	x16
	.cfi_endproc
	.size	lgi_switch_first, .-lgi_switch_first

	.globl	lgi_switch_last
	.hidden	lgi_switch_last
	.type	lgi_switch_last, %function
	.p2align 4
lgi_switch_last:
	.cfi_startproc
	hint	#34
	mrs	x2, fpcr
	mov	sp, x0
	saved_on_stack
	restore
	ret
	.cfi_endproc
	.size	lgi_switch_last, .-lgi_switch_last

	/* Comes from lgi_switch_first with the entry in x19 and its argument in x20. */
	.type	lgi_fiber_start, %function
	.p2align 4
lgi_fiber_start:
	.cfi_startproc
	.cfi_undefined x30
	hint	#34
	mov	x0, x20
	mov	x29, #0
	adr	x30, 1f
	mov	x16, x19
	br	x16
1:	brk	#1
	.cfi_endproc
	.size	lgi_fiber_start, .-lgi_fiber_start

	.globl	lgi_stack_prepare
	.hidden	lgi_stack_prepare
	.type	lgi_stack_prepare, %function
	.p2align 4
lgi_stack_prepare:
	.cfi_startproc
	hint	#34
	sub	x0, x0, #LGI_SIZE
	adr	x3, lgi_fiber_start
	stp	xzr, x3, [x0, #0]	/* x29, x30 */
	stp	x1, x2, [x0, #16]	/* x19, x20 */
	stp	xzr, xzr, [x0, #32]
	stp	xzr, xzr, [x0, #48]
	stp	xzr, xzr, [x0, #64]
	stp	xzr, xzr, [x0, #80]
	stp	xzr, xzr, [x0, #96]
	stp	xzr, xzr, [x0, #112]
	stp	xzr, xzr, [x0, #128]
	stp	xzr, xzr, [x0, #144]
	str	xzr, [x0, #160]
	ret
	.cfi_endproc
	.size	lgi_stack_prepare, .-lgi_stack_prepare

	.globl	lgi_float_at_start
	.hidden	lgi_float_at_start
	.type	lgi_float_at_start, %function
	.p2align 4
lgi_float_at_start:
	.cfi_startproc
	hint	#34
	mrs	x0, fpcr
	cbz	x0, 1f
	msr	fpcr, xzr
1:	ret
	.cfi_endproc
	.size	lgi_float_at_start, .-lgi_float_at_start

	/* To an unwinder the caller of this frame is the stack that was left as x0, not its own caller. */
	.globl	lgi_on_stack_of
	.hidden	lgi_on_stack_of
	.type	lgi_on_stack_of, %function
	.p2align 4
lgi_on_stack_of:
	.cfi_startproc
	hint	#34
	stp	x29, x30, [sp, #-32]!
	.cfi_adjust_cfa_offset 32
	.cfi_rel_offset x29, 0
	.cfi_rel_offset x30, 8
	str	x19, [sp, #16]
	.cfi_rel_offset x19, 16
	mov	x19, x0
	mov	x0, x2
	.cfi_remember_state
	.cfi_def_cfa x19, LGI_SIZE
	.cfi_rel_offset x29, 0
	.cfi_rel_offset x30, 8
	.cfi_rel_offset x19, 16
	.cfi_rel_offset x20, 24
	.cfi_rel_offset x21, 32
	.cfi_rel_offset x22, 40
	.cfi_rel_offset x23, 48
	.cfi_rel_offset x24, 56
	.cfi_rel_offset x25, 64
	.cfi_rel_offset x26, 72
	.cfi_rel_offset x27, 80
	.cfi_rel_offset x28, 88
	blr	x1
	.cfi_restore_state
	ldr	x19, [sp, #16]
	ldp	x29, x30, [sp], #32
	.cfi_adjust_cfa_offset -32
	.cfi_restore x19
	.cfi_restore x29
	.cfi_restore x30
	ret
	.cfi_endproc
	.size	lgi_on_stack_of, .-lgi_on_stack_of

	.section .note.GNU-stack, "", %progbits

	.section .note.gnu.property, "a"
	.p2align 3
	.long	4, 16, 5
	.asciz	"GNU"
	.long	0xc0000000, 4, 1, 0	/* BTI */
